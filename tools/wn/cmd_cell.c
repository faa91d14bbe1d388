// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>

#include "cell.h"
#include "opts.h"
#include "session.h"
#include "text.h"

/* Say what came of a change: the cell's new version. */
static int changed(struct wn_ctx *ctx, const char *what, const char *path, const char *id,
		   __s64 res)
{
	char where[PATH_MAX], schema[32];

	if (WN_RES_IS_ERROR(res)) {
		snprintf(where, sizeof(where), "%s cell %s", path, id);
		return wn_fail(what, where, (int)res);
	}
	if (ctx->json) {
		/* "cannot inc" of cell inc. */
		snprintf(schema, sizeof(schema), "cell.%s", strrchr(what, ' ') + 1);
		wn_json_begin(&ctx->j, schema);
		wn_json_string(&ctx->j, "path", path);
		wn_json_string(&ctx->j, "id", id);
		wn_json_u64(&ctx->j, "version", (__u64)res);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

static int add(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 window = 0, rights = 0, most = 0, node, id;
	struct wn_sqe sqe = {}, data = {};
	bool counts = false;
	struct wn_opts o;
	int status, type;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--counts"))
			counts = true;
		else if (!wn_opt_time(&o, "--window", &window) &&
			 !wn_opt_number(&o, "--rights", LLONG_MAX, &rights))
			wn_opt_number(&o, "--most", LLONG_MAX, &most);
	}
	status = wn_opts_end(&o, 3, 3);
	if (status)
		return status;
	if (!wn_text_number(o.arg[1], ~0ULL, &id))
		return wn_usage("a cell's id is a number", o.arg[1]);
	type = wn_text_word(o.arg[2], wn_cell_types);
	if (type < 1)
		return wn_usage("there is no such type: gcounter, pncounter, lww, orset, escrow, "
				"mvreg, ewflag, ormap", o.arg[2]);
	if (counts && type != WN_CELL_ORMAP)
		return wn_usage("--counts is for an ormap", o.arg[2]);
	if ((window || rights || most) && type != WN_CELL_ESCROW)
		return wn_usage("--window, --rights and --most are for an escrow", o.arg[2]);
	if ((window || rights || most) && !(window && rights && most))
		return wn_usage("--window, --rights and --most go together", NULL);
	status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	if (window)
		wn_prep_escrow_create(&sqe, &data, node, id, window, rights, most, 0);
	else
		wn_prep_cell_create(&sqe, node, id, (__u8)type, counts ? WN_CELL_F_COUNTS : 0, 0);
	res = wn_session_do(ctx, &sqe, window ? &data : NULL, NULL);
	if (WN_RES_IS_ERROR(res))
		return changed(ctx, "cannot add", o.arg[0], o.arg[1], res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cell.add");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_string(&ctx->j, "id", o.arg[1]);
		wn_json_hex(&ctx->j, "handle", (__u64)res);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

/* PATH ID and more: the cell. */
static int cell_of(struct wn_ctx *ctx, struct wn_opts *o, int most, __u64 *node,
		   struct wn_cell_rec *rec)
{
	int status = wn_opts_end(o, 2, most);

	return status ? status : wn_session_cell(ctx, o->arg[0], o->arg[1], node, rec);
}

static int rm(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_cell_rec rec;
	struct wn_sqe sqe = {};
	struct wn_opts o;
	int status;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = cell_of(ctx, &o, 2, &node, &rec);
	if (status)
		return status;
	wn_prep_cell_destroy(&sqe, node, rec.handle, 0);
	return changed(ctx, "cannot rm", o.arg[0], o.arg[1], wn_session_do(ctx, &sqe, NULL, NULL));
}

/* An update with key and value: in the slot where they fit, else by the library's way. */
static __s64 put(struct wn_ctx *ctx, __u64 node, __u64 cell, __u32 how, __u64 n, const char *key,
		 const char *val)
{
	const size_t key_len = key ? strlen(key) : 0, val_len = val ? strlen(val) : 0;
	struct wn_sqe sqe = {}, data;
	__u32 in;
	__s64 res;

	if (key_len + val_len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	if (key_len + val_len <= sizeof(data)) {
		wn_prep_cell_item(&sqe, &data, node, cell, how, n, key, (__u16)key_len, val,
				  (__u16)val_len, 0);
		return wn_session_do(ctx, &sqe, &data, NULL);
	}
	res = wn_in_alloc(&ctx->wn, (__u32)(key_len + val_len), &in);
	if (res)
		return res;
	if (key_len)
		memcpy(wn_in(&ctx->wn, in), key, key_len);
	if (val_len)
		memcpy((char *)wn_in(&ctx->wn, in) + key_len, val, val_len);
	wn_prep_cell_bulk(&sqe, node, cell, how, n, in, (__u16)key_len, (__u16)val_len, 0);
	res = wn_session_do(ctx, &sqe, NULL, NULL);
	wn_in_free(&ctx->wn, in, (__u32)(key_len + val_len));
	return res;
}

static int inc(struct wn_ctx *ctx, int argc, char **argv)
{
	const char *key = NULL;
	struct wn_cell_rec rec;
	struct wn_sqe sqe = {};
	struct wn_opts o;
	__s64 by = 1, res;
	__u64 node, n;
	int status;
	__u32 how;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		wn_opt_string(&o, "--key", &key);
	if (!o.bad && o.args > 2 && !wn_text_signed(o.arg[2], &by))
		return wn_usage("by how much is a number", o.arg[2]);
	status = cell_of(ctx, &o, 3, &node, &rec);
	if (status)
		return status;
	how = by < 0 ? WN_CELL_SUB : WN_CELL_ADD;
	n = by < 0 ? 0 - (__u64)by : (__u64)by;
	if (rec.type == WN_CELL_ORMAP && (rec.flags & WN_CELL_F_COUNTS)) {
		if (!key)
			return wn_usage("a map is counted at a key: --key KEY", NULL);
		return changed(ctx, "cannot inc", o.arg[0], o.arg[1],
			       put(ctx, node, rec.handle, how, n, key, NULL));
	}
	if (key || (rec.type != WN_CELL_GCOUNTER && rec.type != WN_CELL_PNCOUNTER &&
		    rec.type != WN_CELL_ESCROW))
		return wn_fail_text(WN_EXIT_FAILED, "cannot inc", wn_cell_type(&rec), key ?
				    "it has no keys (EINVAL)" : "it is nothing that counts (EINVAL)");
	if (by < 0 && rec.type == WN_CELL_GCOUNTER)
		return wn_fail_text(WN_EXIT_FAILED, "cannot inc", o.arg[0],
				    "a gcounter only grows; a pncounter shrinks, too (EINVAL)");
	wn_prep_cell_count(&sqe, node, rec.handle, how, n, 0);
	res = wn_session_do(ctx, &sqe, NULL, NULL);
	return changed(ctx, "cannot inc", o.arg[0], o.arg[1], res);
}

/* What "set" means for each type: how many arguments behind the id, and what of them. */
static int set(struct wn_ctx *ctx, int argc, char **argv)
{
	static const char *const flag[] = { "off", "on", NULL };
	const char *key = NULL, *val = NULL, *want = NULL;
	__u32 how = WN_CELL_SET;
	struct wn_cell_rec rec;
	struct wn_opts o;
	int status, more;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = cell_of(ctx, &o, 4, &node, &rec);
	if (status)
		return status;
	more = o.args - 2;
	switch (rec.type) {
	case WN_CELL_LWW:
	case WN_CELL_MVREG:
		val = more == 1 ? o.arg[2] : NULL;
		want = val ? NULL : "of this type set wants a value";
		break;
	case WN_CELL_ORSET:
		key = more == 1 ? o.arg[2] : NULL;
		want = key ? NULL : "of a set, set wants the key that is added";
		how = WN_CELL_ADD;
		break;
	case WN_CELL_ORMAP:
		key = more == 2 ? o.arg[2] : NULL;
		val = more == 2 ? o.arg[3] : NULL;
		want = rec.flags & WN_CELL_F_COUNTS ? "a map that counts has inc --key KEY" :
		       key ? NULL : "of a map, set wants a key and a value";
		break;
	case WN_CELL_EWFLAG:
		more = more == 1 ? wn_text_word(o.arg[2], flag) : -1;
		want = more < 0 ? "of a flag, set wants on or off" : NULL;
		how = more == 1 ? WN_CELL_SET : WN_CELL_REMOVE;
		break;
	default:
		want = "what counts is changed by inc";
	}
	if (want)
		return wn_usage(want, wn_cell_type(&rec));
	return changed(ctx, "cannot set", o.arg[0], o.arg[1],
		       put(ctx, node, rec.handle, how, 0, key, val));
}

static int unset(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_cell_rec rec;
	struct wn_opts o;
	bool keyed;
	int status;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = cell_of(ctx, &o, 3, &node, &rec);
	if (status)
		return status;
	keyed = rec.type == WN_CELL_ORSET || rec.type == WN_CELL_ORMAP;
	if (!keyed && rec.type != WN_CELL_MVREG && rec.type != WN_CELL_EWFLAG)
		return wn_usage("nothing can be taken out of this type", wn_cell_type(&rec));
	if (keyed != (o.args == 3))
		return wn_usage(keyed ? "unset wants the key that goes" : "this type has no keys",
				wn_cell_type(&rec));
	return changed(ctx, "cannot unset", o.arg[0], o.arg[1],
		       put(ctx, node, rec.handle, WN_CELL_REMOVE, 0, keyed ? o.arg[2] : NULL, NULL));
}

/* The value at a key of a map; whether a key is in a set. */
static int get_key(struct wn_ctx *ctx, const char *path, const char *id, __u64 node,
		   const struct wn_cell_rec *rec, const char *key)
{
	char val[WN_CELL_BYTES_MAX] = "";
	__s64 res;

	if (rec->type == WN_CELL_ORSET) {
		res = wn_cell_has(&ctx->wn, node, rec->handle, key, (unsigned int)strlen(key));
		if (!res)
			res = -ENOENT;
	} else if (rec->type == WN_CELL_ORMAP) {
		res = wn_cell_get(&ctx->wn, node, rec->handle, key, (unsigned int)strlen(key), val,
				  sizeof(val));
	} else {
		return wn_usage("this type has no keys", wn_cell_type(rec));
	}
	if (res == -ENOENT)
		return wn_fail_text(WN_EXIT_NOT_THERE, "no such key", key,
				    "wn cell members lists those that there are");
	if (WN_RES_IS_ERROR(res))
		return changed(ctx, "cannot get", path, id, res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cell.key");
		wn_json_string(&ctx->j, "key", key);
		if (rec->type == WN_CELL_ORSET)
			wn_json_bool(&ctx->j, "value", true);
		else
			wn_json_bytes(&ctx->j, "value", val, (size_t)res);
		wn_json_end(&ctx->j);
	} else {
		if (rec->type == WN_CELL_ORSET)
			fputs("yes", ctx->out);
		else
			wn_text_safe(ctx->out, val, (size_t)res);
		fputc('\n', ctx->out);
	}
	return WN_EXIT_OK;
}

static int get(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_cell_value v;
	struct wn_cell_rec rec;
	struct wn_opts o;
	int status, err;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = cell_of(ctx, &o, 3, &node, &rec);
	if (status)
		return status;
	if (o.args == 3 && !(rec.flags & WN_CELL_F_COUNTS))
		return get_key(ctx, o.arg[0], o.arg[1], node, &rec, o.arg[2]);
	if (o.args == 3)
		return wn_usage("what a map has counted at keys is listed by members", o.arg[2]);
	err = wn_cell_value(ctx, node, &rec, &v);
	if (err)
		return changed(ctx, "cannot get", o.arg[0], o.arg[1], err);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cell.get");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_cell_json(ctx, "cell", &rec, &v);
		wn_json_end(&ctx->j);
	} else {
		wn_cell_text(ctx, &rec, &v);
		fputc('\n', ctx->out);
	}
	return WN_EXIT_OK;
}

static int members(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_cell_rec rec;
	struct wn_opts o;
	int status, err;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = cell_of(ctx, &o, 2, &node, &rec);
	if (status)
		return status;
	if (rec.type != WN_CELL_ORSET && rec.type != WN_CELL_ORMAP && rec.type != WN_CELL_MVREG)
		return wn_usage("this type has no members", wn_cell_type(&rec));
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cell.members");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_string(&ctx->j, "type", wn_cell_type(&rec));
		wn_json_array(&ctx->j, "members");
	}
	err = wn_cell_members(ctx, node, &rec);
	if (err)
		return changed(ctx, "cannot list", o.arg[0], o.arg[1], err);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

/* One of a node's, as far as it stands still; the next one's index. */
static int list_one(struct wn_ctx *ctx, __u64 node, __u32 *at)
{
	const void *from = wn_public_record(&ctx->wn, WN_AREA_CELLS, *at);
	struct wn_cell_value v;
	struct wn_cell_rec rec;
	int tries, err = -EAGAIN;

	for (tries = 0; from && err && tries < WN_READ_TRIES; tries++)
		err = wn_record_try(from, &rec, sizeof(rec));
	if (!err && (!rec.handle || rec.node != node))
		err = -EAGAIN;
	if (!err)
		err = wn_cell_value(ctx, node, &rec, &v);
	if (err)
		return err;
	*at = rec.next;
	if (ctx->json) {
		wn_cell_json(ctx, NULL, &rec, &v);
	} else {
		fprintf(ctx->out, "%-8llu %-10s ", (unsigned long long)rec.id, wn_cell_type(&rec));
		wn_cell_text(ctx, &rec, &v);
		fputc('\n', ctx->out);
	}
	return 0;
}

static int ls(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_node_rec rec;
	int status, err, i;
	struct wn_opts o;
	__u64 node;
	__u32 at;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, 1);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	err = wn_node_read(&ctx->wn, node, &rec);
	if (!err && rec.nr_cells && !ctx->wn.pub)
		err = -EACCES;
	if (err)
		return wn_fail("cannot list cells", o.arg[0], err);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cell.ls");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_array(&ctx->j, "cells");
	} else {
		fprintf(ctx->out, "%-8s %-10s %s\n", "ID", "TYPE", "VALUE");
	}
	at = rec.first_cell;
	for (i = 0; !err && i < (int)rec.nr_cells; i++)
		err = list_one(ctx, node, &at);
	if (err)
		return wn_fail("cannot list cells", o.arg[0], err);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

const struct wn_cmd wn_cell_verbs[] = {
	{ "add", "PATH ID TYPE [--counts] [--window TIME --rights N --most N]", "make one", add },
	{ "rm", "PATH ID", "destroy it", rm },
	{ "ls", "PATH", "those of a node, with their values", ls },
	{ "inc", "PATH ID [N] [--key KEY]", "count up, or down by a negative N", inc },
	{ "set", "PATH ID [KEY] VALUE", "a value; of a set a key; of a flag on or off", set },
	{ "unset", "PATH ID [KEY]", "take a key or all values out", unset },
	{ "get", "PATH ID [KEY]", "its value", get },
	{ "members", "PATH ID", "keys and values", members },
	{}
};
