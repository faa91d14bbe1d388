// SPDX-License-Identifier: MIT
#include "sample.h"

#include <limits.h>
#include <string.h>

#include "session.h"

const struct wn_stat_name wn_stat_names[] = {
	[WN_STAT_SUBMITTED] = { "submitted", "entries taken from submission rings" },
	[WN_STAT_COMPLETED] = { "completed", "completions published" },
	[WN_STAT_REFUSED] = { "refused", "completions with an error" },
	[WN_STAT_TURNS] = { "turns", "turns of the engine" },
	[WN_STAT_WAKEUPS] = { "wakeups", "sleepers woken" },
	[WN_STAT_CLIENTS] = { "clients", "clients set up, ever" },
	[WN_STAT_DEATHS] = { "deaths", "clients dead, ever" },
	[WN_STAT_CAP_GRANTED] = { "cap_granted", "capabilities granted" },
	[WN_STAT_CAP_REFUSED] = { "cap_refused", "uses of capabilities refused" },
	[WN_STAT_CAP_EXPIRED] = { "cap_expired", "of them for they had expired" },
	[WN_STAT_CAP_REVOKED] = { "cap_revoked", "capabilities freed by revocation" },
	[WN_STAT_DROPPED] = { "dropped", "jobs of queues whose node was destroyed" },
	[WN_STAT_TOKEN_MADE] = { "token_made", "tokens made" },
	[WN_STAT_TOKEN_REDEEMED] = { "token_redeemed", "tokens redeemed" },
	[WN_STAT_TOKEN_REFUSED] = { "token_refused", "tokens refused" },
	[WN_STAT_TOKEN_REFUSED + 1] = {}
};

static void counters(const struct wn *wn, struct wn_sample *s)
{
	int i;

	memset(s->stats, 0, sizeof(s->stats));
	s->changes = 0;
	if (!wn->pub)
		return;
	for (i = 0; i < WN_STATS; i++)
		s->stats[i] = WN_LOAD_ACQUIRE(&wn->pub->stats[i]);
	s->changes = wn_epoch(wn) / 2;
}

/* An op that does nothing, there and back. */
static int try_latency(struct wn *wn, struct wn_sample *s)
{
	struct wn_sqe sqe = {};
	__s64 res;

	wn_prep_nop(&sqe, 0);
	res = wn_do(wn, &sqe, NULL, NULL);
	s->latency = wn_deadline(0) - s->at;
	return (int)res;
}

int wn_sample_take(struct wn_ctx *ctx, struct wn_sample *s, bool latency)
{
	char path[PATH_MAX];
	int err = 0;

	if (wn_session_path(ctx, ctx->name, path))
		return -EINVAL;
	memset(s, 0, sizeof(*s));
	s->at = wn_deadline(0);
	if (latency)
		err = try_latency(&ctx->wn, s);
	if (err)
		return err;
	counters(&ctx->wn, s);
	err = wn_domain_info(path, &s->info);
	/* Its name may be gone; we still hold it. */
	return err == -ENOENT ? 0 : err;
}

int wn_sample_of(const char *path, struct wn_sample *s, bool latency)
{
	const struct wn_params params = {
		.sq_entries = 2, .cq_entries = 2, .inbox_entries = { 1, 1, 1, 1 },
		.flags = latency ? 0 : WN_OPEN_DISABLED, .arena_in = 4096, .arena_out = 4096,
	};
	struct wn wn;
	int err;

	memset(s, 0, sizeof(*s));
	err = wn_domain_info(path, &s->info);
	if (!err)
		err = wn_open(&wn, path, &params);
	if (err)
		return err;
	s->at = wn_deadline(0);
	if (latency)
		err = try_latency(&wn, s);
	counters(&wn, s);
	wn_close(&wn);
	return err;
}

double wn_sample_rate(__u64 a, __u64 b, const struct wn_sample *from, const struct wn_sample *to)
{
	const double s = (double)(to->at - from->at) / 1e9;

	return s > 0 ? (double)(b - a) / s : 0;
}
