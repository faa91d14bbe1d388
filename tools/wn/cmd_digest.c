// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <string.h>

#include "opts.h"
#include "progress.h"
#include "session.h"

/* Asked for until all that changed is hashed. */
static __s64 digest(struct wn_ctx *ctx, unsigned char hash[WN_DIGEST_BYTES])
{
	struct wn_progress p;
	struct wn_sqe sqe;
	__u32 out;
	__s64 res;
	__u64 n = 0;

	res = wn_out_alloc(&ctx->wn, WN_DIGEST_BYTES, &out);
	if (res)
		return res;
	wn_progress_begin(&p, "hashing, parts done:", 0);
	do {
		memset(&sqe, 0, sizeof(sqe));
		wn_prep(&sqe, WN_OP_DIGEST, 0, 0);
		sqe.w[0] = (__u64)WN_DIGEST_BYTES << 32 | out;
		res = wn_session_do(ctx, &sqe, NULL, NULL);
		wn_progress_at(&p, ++n);
	} while (res == 1);
	wn_progress_end(&p);
	if (!res)
		memcpy(hash, wn_out(&ctx->wn, out), WN_DIGEST_BYTES);
	wn_out_free(&ctx->wn, out, WN_DIGEST_BYTES);
	return res;
}

int cmd_digest(struct wn_ctx *ctx, int argc, char **argv)
{
	unsigned char hash[WN_DIGEST_BYTES];
	char text[2 * WN_DIGEST_BYTES + 1];
	struct wn_opts o;
	int status, i;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	res = digest(ctx, hash);
	if (res)
		return wn_fail("cannot take the digest", ctx->name, (int)res);
	for (i = 0; i < WN_DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "digest");
		wn_json_string(&ctx->j, "domain", ctx->name);
		wn_json_string(&ctx->j, "digest", text);
		wn_json_end(&ctx->j);
	} else {
		fprintf(ctx->out, "%s\n", text);
	}
	return WN_EXIT_OK;
}
