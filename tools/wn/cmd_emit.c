// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "opts.h"
#include "session.h"

#define DATA_MAX	24

int cmd_emit(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 type = 0, priority = 0, trace = 0, in = 0, node, when;
	struct wn_sqe sqe = {}, data;
	bool children = false, later = false;
	const char *bytes = "";
	struct wn_opts o;
	int status;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--children"))
			children = true;
		else if (wn_opt_time(&o, "--in", &in))
			later = true;
		else if (!wn_opt_number(&o, "--type", UINT_MAX, &type) &&
			 !wn_opt_number(&o, "--priority", WN_PRIORITIES - 1, &priority))
			wn_opt_number(&o, "--trace", ~0ULL, &trace);
	}
	status = wn_opts_end(&o, 1, 2);
	if (!status && o.args > 1)
		bytes = o.arg[1];
	if (!status && strlen(bytes) > DATA_MAX)
		status = wn_usage("an event bears 24 bytes at most", bytes);
	if (!status && later && children)
		status = wn_usage("--in is for one node, not for --children", NULL);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	wn_prep_emit(&sqe, &data, node, (unsigned int)priority, (__u32)type, bytes,
		     (__u8)strlen(bytes), 0);
	wn_sqe_trace(&sqe, trace);
	if (children)
		wn_sqe_to_children(&sqe);
	if (later) {
		sqe.op_flags |= WN_EMIT_AT;
		when = wn_deadline(in);
		memcpy((char *)&data + DATA_MAX, &when, sizeof(when));
	}
	res = wn_session_do(ctx, &sqe, &data, NULL);
	if (res == -ENOLINK)
		return wn_fail_text(WN_EXIT_CONFLICT, "cannot emit", o.arg[0],
				    "nobody reads the node's events; wn watch --events does (ENOLINK)");
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot emit", o.arg[0], (int)res);
	/* A promise ends with the client that made it. */
	if (later && !ctx->batch) {
		struct timespec t = { .tv_sec = (time_t)(in / 1000000000),
				      .tv_nsec = (long)(in % 1000000000) + 1000000 };

		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		nanosleep(&t, NULL);
		/* On a busy host the engine may not have looked since: an op makes it look now. */
		memset(&sqe, 0, sizeof(sqe));
		wn_prep(&sqe, WN_OP_NOP, 0, 0);
		wn_session_do(ctx, &sqe, NULL, NULL);
	}
	if (ctx->json) {
		wn_json_begin(&ctx->j, "emit");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_u64(&ctx->j, "receivers", children ? (__u64)res : 1);
		wn_json_end(&ctx->j);
	} else if (children) {
		fprintf(ctx->out, "%lld\n", (long long)res);
	}
	return WN_EXIT_OK;
}
