// SPDX-License-Identifier: MIT
#include "cmd.h"

#include "opts.h"
#include "session.h"

static const char *const features[] = {
	"domains", "rings", "nop", "arenas", "lanes", "poll", "classes", "handover", "epoch",
	"eventfd", "journal", "fans",
};

#define FEATURES	(sizeof(features) / sizeof(features[0]))

static void json(struct wn_json *j, const struct wn_query *q)
{
	unsigned int i;

	wn_json_begin(j, "info");
	wn_json_string(j, "version", (const char *)q->version);
	wn_json_u64(j, "abi", q->abi);
	wn_json_u64(j, "layout", q->layout);
	wn_json_u64(j, "page_size", q->page_size);
	wn_json_hex(j, "features", q->features);
	wn_json_array(j, "ops");
	for (i = 0; i <= WN_OP_MAX; i++)
		if (q->ops[i / 64] >> i % 64 & 1)
			wn_json_u64(j, NULL, i);
	wn_json_close(j, ']');
	wn_json_array(j, "cell_types");
	for (i = 0; i < 64; i++)
		if (q->cell_types >> i & 1)
			wn_json_u64(j, NULL, i);
	wn_json_close(j, ']');
	wn_json_end(j);
}

static void text(FILE *to, const struct wn_query *q)
{
	unsigned int i;

	fprintf(to, "version   %s\n", (const char *)q->version);
	fprintf(to, "abi       %u (layout %u)\n", q->abi, q->layout);
	fprintf(to, "pages     %u bytes\n", q->page_size);
	fputs("features ", to);
	for (i = 0; i < 64; i++) {
		if (!(q->features >> i & 1))
			continue;
		if (i < FEATURES)
			fprintf(to, " %s", features[i]);
		else
			fprintf(to, " %u", i);
	}
	fputs("\nops      ", to);
	for (i = 0; i <= WN_OP_MAX; i++)
		if (q->ops[i / 64] >> i % 64 & 1)
			fprintf(to, " %u", i);
	fputs("\ncells    ", to);
	for (i = 0; i < 64; i++)
		if (q->cell_types >> i & 1)
			fprintf(to, " %u", i);
	fputc('\n', to);
}

int cmd_info(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_query q;
	struct wn_opts o;
	int status, err;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session_engine(ctx);
	if (status)
		return status;
	err = wn_query(ctx->mount, &q);
	if (err)
		return wn_fail("cannot ask the module", ctx->mount, err);
	q.version[sizeof(q.version) - 1] = 0;
	if (ctx->json)
		json(&ctx->j, &q);
	else
		text(ctx->out, &q);
	return WN_EXIT_OK;
}
