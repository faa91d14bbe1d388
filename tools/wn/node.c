// SPDX-License-Identifier: MIT
#include "node.h"

#include <string.h>
#include <time.h>

const char *const wn_tiers[] = { "local", "eventual", "strong", NULL };

static const char *tier_of(const struct wn_node_rec *rec)
{
	return rec->tier <= WN_TIER_STRONG ? wn_tiers[rec->tier] : "unknown";
}

void wn_node_json(struct wn_ctx *ctx, const char *key, const char *path,
		  const struct wn_node_rec *rec)
{
	struct wn_json *j = &ctx->j;
	int i;

	wn_json_object(j, key);
	wn_json_string(j, "path", path);
	wn_json_bytes(j, "name", rec->name, strnlen((const char *)rec->name, WN_NAME_MAX));
	wn_json_hex(j, "handle", rec->handle);
	wn_json_hex(j, "parent", rec->parent);
	wn_json_u64(j, "version", rec->version);
	wn_json_hex(j, "hlc", rec->hlc);
	wn_json_u64(j, "changed_ms", wn_hlc_ms(rec->hlc));
	wn_json_u64(j, "created_ms", wn_hlc_ms(rec->created));
	wn_json_u64(j, "type", rec->type);
	wn_json_u64(j, "state", rec->state);
	wn_json_hex(j, "tags", rec->tags);
	wn_json_u64(j, "owner", rec->owner);
	wn_json_string(j, "tier", tier_of(rec));
	wn_json_u64(j, "children", rec->nr_children);
	wn_json_u64(j, "cells", rec->nr_cells);
	wn_json_array(j, "user");
	for (i = 0; i < 4; i++)
		wn_json_u64(j, NULL, rec->user[i]);
	wn_json_close(j, ']');
	wn_json_close(j, '}');
}

void wn_node_text(struct wn_ctx *ctx, const struct wn_node_rec *rec)
{
	int i;

	fprintf(ctx->out, "type %u, state %u", rec->type, rec->state);
	if (rec->tags)
		fprintf(ctx->out, ", tags %#llx", (unsigned long long)rec->tags);
	if (rec->nr_children)
		fprintf(ctx->out, ", children %u", rec->nr_children);
	if (rec->nr_cells)
		fprintf(ctx->out, ", cells %u", rec->nr_cells);
	if (rec->tier != WN_TIER_STRONG)	/* as the root */
		fprintf(ctx->out, ", %s", tier_of(rec));
	for (i = 0; i < 4; i++)
		if (rec->user[i])
			fprintf(ctx->out, ", user%d %llu", i, (unsigned long long)rec->user[i]);
}

void wn_node_time(FILE *to, __u64 hlc)
{
	const time_t s = (time_t)(wn_hlc_ms(hlc) / 1000);
	struct tm tm;
	char text[32];

	localtime_r(&s, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	fprintf(to, "%s.%03u", text, (unsigned int)(wn_hlc_ms(hlc) % 1000));
}
