// SPDX-License-Identifier: MIT
/*
 * Row 13: tokens made and redeemed, one or 32 a call, beside libsodium's signatures and
 * its keyed hash. A token carries a keyed hash: whoever can verify it can also make it,
 * so only the engine can do either. A signature's verifier cannot sign; that costs more.
 */
#include <string.h>

#include "../peers/peers.h"
#include "../support/domain.h"
#include "rows.h"

static struct wn wn;
static struct wn_token tokens[WN_TOKENS_MAX];
static struct wn_token_got got[WN_TOKENS_MAX];

static const unsigned int alone = 1, many = WN_TOKENS_MAX;

static void prepare(void)
{
	domain_make("embed:tokens", NULL);
	client_open(&wn, "embed:tokens", NULL);
}

static void make(struct bench_sample *s, const void *arg)
{
	const unsigned int batch = *(const unsigned int *)arg;
	const unsigned int n = (unsigned int)bench_scale(64000) / WN_TOKENS_MAX * WN_TOKENS_MAX;
	struct wn_token_ask asks[WN_TOKENS_MAX];
	uint64_t start;

	memset(asks, 0, sizeof(asks));
	for (unsigned int i = 0; i < batch; i++)
		asks[i].rights = WN_RIGHT_READ;
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i += batch)
		if (wn_token_make(&wn, 0, asks, batch, tokens) != (int)batch)
			bench_die("a token was not made");
	s->value = n * 1e9 / (double)(cpu_ns() - start);
	s->ops = n;
}

/* What was redeemed is given back behind the clock: a table has 256 places. */
static void redeem(struct bench_sample *s, const void *arg)
{
	const unsigned int batch = *(const unsigned int *)arg;
	const unsigned int n = (unsigned int)bench_scale(64000) / WN_TOKENS_MAX * WN_TOKENS_MAX;
	uint64_t start, spent = 0;

	make(&(struct bench_sample){ 0 }, &many);
	for (unsigned int i = 0; i < n; i += batch) {
		start = cpu_ns();
		if (wn_token_redeem(&wn, &tokens[i % WN_TOKENS_MAX], batch, got) != (int)batch)
			s->lost++;
		spent += cpu_ns() - start;
		for (unsigned int j = 0; j < batch; j++)
			good(wn_cap_revoke(&wn, (uint16_t)got[j].index, 0), "wn_cap_revoke");
	}
	s->value = n * 1e9 / (double)spent;
	s->ops = n;
}

/* A bit of each byte turned, a token each: every one must be refused. */
static void forge(const void *arg)
{
	struct wn_token bad;
	unsigned int taken = 0;

	make(&(struct bench_sample){ 0 }, &alone);
	for (unsigned int i = 0; i < sizeof(bad); i++) {
		bad = tokens[0];
		((unsigned char *)&bad)[i] ^= (unsigned char)(1u << i % 8);
		taken += wn_token_redeem(&wn, &bad, 1, got) > 0;
	}
	bench_fact(&(struct bench_fact){
		.id = "forged", .what = "of 64 tokens with one bit turned: taken", .unit = "",
		.value = taken, .check = { .what = "none", .figure = 0 } });
}

static void run(const void *arg)
{
	const struct bench_compare made = {
		.id = "make", .what = "made", .unit = "/s", .engine = "embedded, inline",
		.where = "CPU 0", .more = true,
		.sides = {
			{ .name = "tokens, 32 a call", .run = make, .arg = &many },
			{ .name = "tokens, one a call", .run = make, .arg = &alone, .ours = true },
			PEER_SODIUM_SIGN, PEER_SODIUM_MAC,
		},
		.checks = { { .what = "attestations made a second", .figure = 66000 } },
	};
	const struct bench_compare redeemed = {
		.id = "redeem", .what = "verified and made a capability", .unit = "/s",
		.engine = "embedded, inline", .where = "CPU 0", .more = true,
		.sides = {
			{ .name = "tokens, 32 a call", .run = redeem, .arg = &many },
			{ .name = "tokens, one a call", .run = redeem, .arg = &alone, .ours = true },
			PEER_SODIUM_VERIFY, PEER_SODIUM_MAC,
		},
		.checks = {
			{ .what = "attestations verified in batches a second", .figure = 160000 },
		},
	};

	prepare();
	bench_compare(&made);
	bench_compare(&redeemed);
	forge(arg);
	bench_note("Tokens carry keyed hashes, which is another thing than signatures: who can verify one "
		   "can also make it. Here that is the engine alone. Redeeming is more than verifying: "
		   "a capability comes of it.");
	wn_close(&wn);
	domain_drop("embed:tokens");
}

const struct bench_row row_attest = {
	.name = "13", .system = "BIZRA NODE0",
	.claim = "signed attestations 66k/s made, 32k/s verified, 160k/s in batches",
	.run = run, .seconds = 10,
};
