// SPDX-License-Identifier: MIT
/* wn cap token, redeem, epoch: capabilities that are written down. */
#include "token.h"

#include <string.h>
#include <time.h>

#include "opts.h"
#include "rights.h"
#include "session.h"
#include "text.h"

#define HEX	(2 * sizeof(struct wn_token))

/* The last that was made, for a batch; its epoch is 0 where none was. */
static struct wn_token last;

static void to_hex(const struct wn_token *t, char hex[HEX + 1])
{
	const unsigned char *c = (const unsigned char *)t;
	size_t i;

	for (i = 0; i < sizeof(*t); i++)
		snprintf(hex + 2 * i, 3, "%02x", c[i]);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(const char *hex, struct wn_token *t)
{
	unsigned char *c = (unsigned char *)t;
	size_t i;

	if (strlen(hex) != HEX)
		return false;
	for (i = 0; i < sizeof(*t); i++) {
		if (digit(hex[2 * i]) < 0 || digit(hex[2 * i + 1]) < 0)
			return false;
		c[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	}
	return true;
}

int wn_cap_token(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_token_ask ask = {};
	struct wn_token token;
	const char *mask = "read";
	char hex[HEX + 1];
	struct timespec now;
	__u64 expires = 0;
	struct wn_opts o;
	bool bound = false;
	int status, res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--bound"))
			bound = true;
		else if (!wn_opt_string(&o, "--rights", &mask))
			wn_opt_time(&o, "--expires", &expires);
	}
	status = wn_opts_end(&o, 1, 1);
	if (!status && !wn_rights_of(mask, &ask.rights))
		status = wn_usage(WN_RIGHTS_HELP, mask);
	if (!status && !expires && !bound)
		status = wn_usage("--expires TIME: a token that outlives who makes it must end", NULL);
	if (!status && bound && !ctx->batch)
		status = wn_usage("--bound is for a batch: such a token ends with who makes it", NULL);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &ask.node);
	if (status)
		return status;
	clock_gettime(CLOCK_REALTIME, &now);
	if (expires)
		ask.expires = (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec + expires;
	ask.flags = bound ? 0 : WN_TOKEN_FREE;
	res = wn_token_make(&ctx->wn, ctx->cap, &ask, 1, &token);
	if (res < 0)
		return wn_fail("cannot make a token", o.arg[0], res);
	last = token;
	to_hex(&token, hex);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cap.token");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_string(&ctx->j, "token", hex);
		wn_json_u64(&ctx->j, "epoch", token.epoch);
		wn_json_end(&ctx->j);
	} else {
		fprintf(ctx->out, "%s\n", hex);
	}
	return WN_EXIT_OK;
}

int wn_cap_redeem_token(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_token_got got = {};
	struct wn_token token;
	struct wn_opts o;
	int status, res;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, last.epoch ? 0 : 1, 1);
	token = last;
	if (!status && o.args && !from_hex(o.arg[0], &token))
		status = wn_usage("a token is 128 digits 0-9a-f", NULL);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	res = wn_token_redeem(&ctx->wn, &token, 1, &got);
	if (res >= 0 && WN_RES_IS_ERROR(got.res))
		res = (int)got.res;
	/* Not the token itself: it is as good as a password. */
	if (res == -EBADMSG)
		return wn_fail_text(WN_EXIT_NOT_ALLOWED, "cannot redeem", "the token",
				    "it is none of this domain: cut, changed or made up (EBADMSG)");
	if (res < 0)
		return wn_fail("cannot redeem", "the token", res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cap.redeem");
		wn_json_hex(&ctx->j, "handle", (__u64)got.res);
		wn_json_u64(&ctx->j, "index", got.index);
		wn_json_end(&ctx->j);
	} else {
		fprintf(ctx->out, "handle %#llx, index %u\n", (unsigned long long)got.res, got.index);
	}
	return WN_EXIT_OK;
}

int wn_cap_epoch(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 oldest = 0;
	struct wn_opts o;
	bool next = false;
	__u32 good = 0;
	int status;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--next"))
			next = true;
		else
			wn_opt_number(&o, "--oldest", 0xffffffff, &oldest);
	}
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	res = wn_token_epoch(&ctx->wn, ctx->cap, next ? WN_EPOCH_NEXT : 0, (__u32)oldest, &good);
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot change keys", ctx->name, (int)res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cap.epoch");
		wn_json_u64(&ctx->j, "newest", (__u64)res);
		wn_json_u64(&ctx->j, "oldest", good);
		wn_json_end(&ctx->j);
	} else {
		fprintf(ctx->out, "newest %lld, oldest that is good %u\n", (long long)res, good);
	}
	return WN_EXIT_OK;
}
