// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>

#include "opts.h"
#include "session.h"
#include "text.h"

static const struct { __u32 flag; const char *name; } states[] = {
	{ WN_LANE_I_ACCEPTED, "accepted" },
	{ WN_LANE_I_PRODUCER_GONE, "producer-gone" },
	{ WN_LANE_I_CONSUMER_GONE, "consumer-gone" },
	{ WN_LANE_I_REVOKED, "revoked" },
	{ WN_LANE_I_PRODUCER_SLEEPS, "producer-sleeps" },
	{ WN_LANE_I_CONSUMER_SLEEPS, "consumer-sleeps" },
};

#define STATES	(sizeof(states) / sizeof(*states))

static void json(struct wn_ctx *ctx, const struct wn_lane_info *lane, const char *path)
{
	struct wn_json *j = &ctx->j;
	size_t i;

	wn_json_object(j, NULL);
	wn_json_u64(j, "lane", lane->lane);
	wn_json_u64(j, "producer", lane->producer);
	wn_json_u64(j, "consumer", lane->consumer);
	wn_json_string(j, "path", path);
	wn_json_hex(j, "node", lane->node);
	wn_json_u64(j, "bytes", lane->bytes);
	wn_json_u64(j, "fill", lane->fill);
	wn_json_u64(j, "written", lane->written);
	wn_json_array(j, "state");
	for (i = 0; i < STATES; i++)
		if (lane->flags & states[i].flag)
			wn_json_string(j, NULL, states[i].name);
	wn_json_close(j, ']');
	wn_json_close(j, '}');
}

static void text(struct wn_ctx *ctx, const struct wn_lane_info *lane, const char *path)
{
	size_t i;

	fprintf(ctx->out, "%-6u %-6u %-6u %10u %10u %14llu  ", lane->lane, lane->producer,
		lane->consumer, lane->bytes, lane->fill, (unsigned long long)lane->written);
	wn_text_safe(ctx->out, path, strlen(path));
	if (!(lane->flags & WN_LANE_I_ACCEPTED))
		fputs("  pending", ctx->out);
	for (i = 1; i < STATES; i++)
		if (lane->flags & states[i].flag)
			fprintf(ctx->out, "  %s", states[i].name);
	fputc('\n', ctx->out);
}

static int ls(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_lane_list list = { .next = 0 };
	char path[PATH_MAX];
	struct wn_opts o;
	int status, i, n;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	if (ctx->json) {
		wn_json_begin(&ctx->j, "lane.ls");
		wn_json_array(&ctx->j, "lanes");
	}
	/* The heading when the first answer is there: nothing stands before a refusal. */
	do {
		const bool first = !list.next;

		n = wn_lanes(&ctx->wn, &list);
		if (n < 0)
			return wn_fail("cannot list the lanes of", ctx->name, n);
		if (first && !ctx->json)
			fprintf(ctx->out, "%-6s %-6s %-6s %10s %10s %14s  %s\n", "LANE", "FROM", "TO",
				"BYTES", "FILL", "WRITTEN", "NODE, STATE");
		for (i = 0; i < n; i++) {
			wn_session_path_of(ctx, list.lanes[i].node, path, sizeof(path));
			if (ctx->json)
				json(ctx, &list.lanes[i], path);
			else
				text(ctx, &list.lanes[i], path);
		}
	} while (list.next != WN_LANE_ANY);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

const struct wn_cmd wn_lane_verbs[] = {
	{ "ls", "", "which there are, from whom to whom, and how full", ls },
	{}
};
