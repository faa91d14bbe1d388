// SPDX-License-Identifier: MIT
#include "cell.h"

#include <string.h>

#include "text.h"

const char *const wn_cell_types[] = {
	"none", "gcounter", "pncounter", "lww", "orset", "escrow", "mvreg", "ewflag", "ormap", NULL
};

const char *wn_cell_type(const struct wn_cell_rec *rec)
{
	return rec->type && rec->type <= WN_CELL_ORMAP ? wn_cell_types[rec->type] : "unknown";
}

int wn_cell_value(struct wn_ctx *ctx, __u64 node, const struct wn_cell_rec *rec,
		  struct wn_cell_value *v)
{
	int err = 0;

	memset(v, 0, sizeof(*v));
	v->len = -1;
	switch (rec->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
	case WN_CELL_ESCROW:
		err = wn_counter_read(&ctx->wn, node, rec->handle, &v->number);
		break;
	case WN_CELL_LWW:
		err = wn_lww_read(&ctx->wn, node, rec->handle, v->bytes, sizeof(v->bytes), &v->hlc);
		if (err >= 0 && v->hlc)
			v->len = err;
		break;
	case WN_CELL_EWFLAG:
		v->on = rec->value;
		break;
	default:
		v->number = rec->value;
	}
	return err < 0 ? err : 0;
}

void wn_cell_json(struct wn_ctx *ctx, const char *key, const struct wn_cell_rec *rec,
		  const struct wn_cell_value *v)
{
	struct wn_json *j = &ctx->j;

	wn_json_object(j, key);
	wn_json_u64(j, "id", rec->id);
	wn_json_string(j, "type", wn_cell_type(rec));
	wn_json_bool(j, "counts", rec->flags & WN_CELL_F_COUNTS);
	wn_json_hex(j, "handle", rec->handle);
	wn_json_u64(j, "version", rec->version);
	wn_json_hex(j, "hlc", rec->hlc);
	wn_json_u64(j, "slots", rec->nr_slots);
	switch (rec->type) {
	case WN_CELL_PNCOUNTER:
		wn_json_s64(j, "value", (__s64)v->number);
		break;
	case WN_CELL_LWW:
		if (v->len < 0)
			wn_json_null(j, "value");
		else
			wn_json_bytes(j, "value", v->bytes, (size_t)v->len);
		break;
	case WN_CELL_EWFLAG:
		wn_json_bool(j, "value", v->on);
		break;
	default:
		wn_json_u64(j, "value", v->number);
	}
	wn_json_close(j, '}');
}

void wn_cell_text(struct wn_ctx *ctx, const struct wn_cell_rec *rec,
		  const struct wn_cell_value *v)
{
	FILE *to = ctx->out;

	switch (rec->type) {
	case WN_CELL_PNCOUNTER:
		fprintf(to, "%lld", (long long)v->number);
		break;
	case WN_CELL_LWW:
		if (v->len >= 0)
			wn_text_safe(to, v->bytes, (size_t)v->len);
		break;
	case WN_CELL_EWFLAG:
		fputs(v->on ? "on" : "off", to);
		break;
	default:
		fprintf(to, "%llu", (unsigned long long)v->number);
	}
}

static void member_json(struct wn_json *j, const struct wn_cell_rec *rec,
			const struct wn_cell_item *item, const void *key, const void *val)
{
	wn_json_object(j, NULL);
	if (rec->type != WN_CELL_MVREG)
		wn_json_bytes(j, "key", key, item->key_len);
	if (rec->flags & WN_CELL_F_COUNTS)
		wn_json_s64(j, "value", (__s64)item->value);
	else if (rec->type != WN_CELL_ORSET)
		wn_json_bytes(j, "value", val, item->val_len);
	wn_json_close(j, '}');
}

static void member_text(FILE *to, const struct wn_cell_rec *rec, const struct wn_cell_item *item,
			const void *key, const void *val)
{
	if (rec->type != WN_CELL_MVREG)
		wn_text_safe(to, key, item->key_len);
	if (rec->type == WN_CELL_ORMAP)
		fputc('\t', to);
	if (rec->flags & WN_CELL_F_COUNTS)
		fprintf(to, "%lld", (long long)item->value);
	else if (rec->type != WN_CELL_ORSET)
		wn_text_safe(to, val, item->val_len);
	fputc('\n', to);
}

int wn_cell_members(struct wn_ctx *ctx, __u64 node, const struct wn_cell_rec *rec)
{
	const struct wn_cell_item *item;
	const void *key, *val;
	struct wn_cell_it it;
	int err, end;

	err = wn_cell_list_begin(&ctx->wn, &it, node, rec->handle);
	while (!err && (item = wn_cell_list_next(&it, &key, &val))) {
		if (ctx->json)
			member_json(&ctx->j, rec, item, key, val);
		else
			member_text(ctx->out, rec, item, key, val);
	}
	end = wn_cell_list_end(&it);
	return err ? err : end;
}
