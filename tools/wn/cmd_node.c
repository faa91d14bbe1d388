// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "opts.h"
#include "session.h"
#include "text.h"

/* ------------------------------------------------------------------- add */

struct new_node {
	__u64 type, state, tags;
	int tier;		/* -1: as the parent's */
	int on_death;
	bool parents;		/* -p */
};

static __s64 create(struct wn_ctx *ctx, const struct new_node *n, __u64 parent, const char *name)
{
	struct wn_sqe sqe = {}, data;

	wn_prep_create(&sqe, &data, parent, name, (__u32)n->type, (__u32)n->state, n->tags, 0);
	sqe.flags |= WN_SQE_WIDE;
	sqe.op_flags = WN_CREATE_ON_DEATH(n->on_death);
	if (n->tier >= 0)
		sqe.op_flags |= WN_CREATE_TIER(n->tier);
	return wn_session_do(ctx, &sqe, &data, NULL);
}

/* Nodes above the last, as far as they are not there: plain ones. */
static int create_above(struct wn_ctx *ctx, const char *path)
{
	const struct new_node plain = { .tier = -1 };
	char name[WN_NAME_BYTES];
	__s64 node = 0, next;
	size_t len;

	for (path += strspn(path, "/"); strchr(path, '/'); path += strspn(path, "/")) {
		len = strcspn(path, "/");
		if (!path[len + strspn(path + len, "/")])
			break;
		if (len > WN_NAME_MAX)
			return wn_fail("cannot add a node", path, -ENAMETOOLONG);
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		next = wn_lookup(&ctx->wn, (__u64)node, name);
		if (next == -ENOENT)
			next = create(ctx, &plain, (__u64)node, name);
		if (next == -EEXIST)	/* somebody was faster */
			next = wn_lookup(&ctx->wn, (__u64)node, name);
		if (WN_RES_IS_ERROR(next))
			return wn_fail("cannot add a node", name, (int)next);
		node = next;
		path += len;
	}
	return 0;
}

static int add_one(struct wn_ctx *ctx, const struct new_node *n, const char *path)
{
	const char *name;
	__u64 parent;
	__s64 node;
	int status;

	status = n->parents ? create_above(ctx, path) : 0;
	if (!status)
		status = wn_session_parent(ctx, path, &parent, &name);
	if (status)
		return status;
	node = create(ctx, n, parent, name);
	if (WN_RES_IS_ERROR(node))
		return wn_fail("cannot add a node", path, (int)node);
	if (ctx->json) {
		wn_json_object(&ctx->j, NULL);
		wn_json_string(&ctx->j, "path", path);
		wn_json_hex(&ctx->j, "handle", (__u64)node);
		wn_json_close(&ctx->j, '}');
	}
	return 0;
}

static int add(struct wn_ctx *ctx, int argc, char **argv)
{
	static const char *const deaths[] = { "keep", "orphan", "destroy", NULL };
	struct new_node n = { .tier = -1 };
	struct wn_opts o;
	int status, i;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "-p") || wn_opt_is(&o, "--parents"))
			n.parents = true;
		else if (!wn_opt_number(&o, "--type", UINT_MAX, &n.type) &&
			 !wn_opt_number(&o, "--state", UINT_MAX, &n.state) &&
			 !wn_opt_number(&o, "--tags", ~0ULL, &n.tags) &&
			 !wn_opt_word(&o, "--tier", wn_tiers, &n.tier))
			wn_opt_word(&o, "--on-death", deaths, &n.on_death);
	}
	status = wn_opts_end(&o, 1, argc);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	if (ctx->json) {
		wn_json_begin(&ctx->j, "node.add");
		wn_json_array(&ctx->j, "nodes");
	}
	for (i = 0; !status && i < o.args; i++)
		status = add_one(ctx, &n, o.arg[i]);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return status;
}

/* -------------------------------------------------------------------- rm */

/* "handles" of nodes, with --json. */
static void json_paths(struct wn_ctx *ctx, const char *schema, const struct wn_opts *o)
{
	int i;

	if (!ctx->json)
		return;
	wn_json_begin(&ctx->j, schema);
	wn_json_array(&ctx->j, "nodes");
	for (i = 0; i < o->args; i++)
		wn_json_string(&ctx->j, NULL, o->arg[i]);
	wn_json_close(&ctx->j, ']');
	wn_json_end(&ctx->j);
}

static int rm(struct wn_ctx *ctx, int argc, char **argv)
{
	bool all = false;
	struct wn_opts o;
	int status, i;
	__u64 *nodes;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		if (wn_opt_is(&o, "-r") || wn_opt_is(&o, "--recursive"))
			all = true;
	status = wn_opts_end(&o, 1, argc);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	/* All are found before the first one goes. */
	nodes = calloc((size_t)o.args, sizeof(*nodes));
	if (!nodes)
		return wn_fail("cannot remove", o.arg[0], -ENOMEM);
	for (i = 0; !status && i < o.args; i++)
		status = wn_session_node(ctx, o.arg[i], &nodes[i]);
	for (i = 0; !status && i < o.args; i++) {
		struct wn_sqe sqe = {};

		wn_prep_destroy(&sqe, nodes[i], all ? 0 : WN_DESTROY_LEAF, 0);
		res = wn_session_do(ctx, &sqe, NULL, NULL);
		if (res == -ENOTEMPTY)
			status = wn_fail_text(WN_EXIT_CONFLICT, "cannot remove", o.arg[i],
					      "it has children; -r removes them, too (ENOTEMPTY)");
		else if (WN_RES_IS_ERROR(res))
			status = wn_fail("cannot remove", o.arg[i], (int)res);
	}
	free(nodes);
	if (!status)
		json_paths(ctx, "node.rm", &o);
	return status;
}

/* -------------------------------------------------------------------- mv */

/* To another parent, under another name, or both; both at once or not at all. */
static __s64 move(struct wn_ctx *ctx, __u64 node, __u64 parent, const char *name)
{
	struct wn *wn = &ctx->wn;
	const struct wn_cqe *cqe;
	struct wn_sqe *first, *second;
	void *data = NULL;
	__s64 res = 0;
	int i, err;

	if (wn_sq_room(wn) < 3)
		return -EAGAIN;
	first = wn_get_sqe(wn);
	second = wn_get_sqe_wide(wn, &data);
	wn_prep_move(first, node, parent, 1);
	wn_sqe_flags(first, WN_SQE_ATOMIC);
	wn_sqe_cap(first, ctx->cap);
	wn_prep_rename(second, data, node, name, 2);
	wn_sqe_cap(second, ctx->cap);
	err = wn_submit_and_wait(wn, 2, 0);
	if (err < 0)
		return err;
	for (i = 0; i < 2; i++) {
		err = wn_wait_cqe(wn, &cqe, 0);
		if (err)
			return err;
		/* The one that failed says why; the other says ECANCELED. */
		if (WN_RES_IS_ERROR(cqe->res) && (!res || cqe->res != -ECANCELED))
			res = cqe->res;
		wn_cqe_seen(wn);
	}
	return res;
}

static __s64 move_only(struct wn_ctx *ctx, __u64 node, __u64 parent)
{
	struct wn_sqe sqe = {};

	wn_prep_move(&sqe, node, parent, 0);
	return wn_session_do(ctx, &sqe, NULL, NULL);
}

static __s64 rename_only(struct wn_ctx *ctx, __u64 node, const char *name)
{
	struct wn_sqe sqe = {}, data;

	wn_prep_rename(&sqe, &data, node, name, 0);
	return wn_session_do(ctx, &sqe, &data, NULL);
}

static int mv(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_node_rec rec;
	__u64 node, parent;
	const char *name;
	struct wn_opts o;
	int status, err;
	__s64 to, res;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 2, 2);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	err = wn_node_read(&ctx->wn, node, &rec);
	if (err)
		return wn_fail("cannot move", o.arg[0], err);
	/* As mv(1): into what is there; else to that name. */
	to = wn_path_lookup(&ctx->wn, 0, o.arg[1]);
	if (!WN_RES_IS_ERROR(to)) {
		res = move_only(ctx, node, (__u64)to);
	} else {
		status = wn_session_parent(ctx, o.arg[1], &parent, &name);
		if (status)
			return status;
		if (parent == rec.parent)
			res = rename_only(ctx, node, name);
		else if (!strncmp(name, (const char *)rec.name, WN_NAME_BYTES))
			res = move_only(ctx, node, parent);
		else
			res = move(ctx, node, parent, name);
	}
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot move", o.arg[0], (int)res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "node.mv");
		wn_json_string(&ctx->j, "from", o.arg[0]);
		wn_json_hex(&ctx->j, "handle", node);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

/* ------------------------------------------------------------------- set */

/* All that one NODE_SET in two slots can change, and one more of tags. */
struct changes {
	bool type, state;
	__u64 type_to, state_to;
	__u32 how_tags;		/* WN_SET_TAGS*, 0: not */
	__u64 tags;
	bool user[4];
	__u64 user_to[4];
};

static const char *change_one(struct changes *c, const char *field, size_t len, const char *value)
{
	__u64 v;

	if (!wn_text_number(value, ~0ULL, &v))
		return "a field wants a number";
	if (!strncmp(field, "type", len) && len == 4) {
		c->type = true;
		c->type_to = v;
		return v > UINT_MAX ? "a type has 32 bits" : NULL;
	}
	if (!strncmp(field, "state", len) && len == 5) {
		c->state = true;
		c->state_to = v;
		return v > UINT_MAX ? "a state has 32 bits" : NULL;
	}
	if (!strncmp(field, "tags", 4) && (len == 4 || (len == 5 && strchr("+-", field[4])))) {
		if (c->how_tags)
			return "tags are set once only";
		c->how_tags = len == 4 ? WN_SET_TAGS : field[4] == '+' ? WN_SET_TAGS_ADD :
			      WN_SET_TAGS_DEL;
		c->tags = v;
		return NULL;
	}
	if (!strncmp(field, "user", 4) && len == 5 && field[4] >= '0' && field[4] <= '3') {
		c->user[field[4] - '0'] = true;
		c->user_to[field[4] - '0'] = v;
		return NULL;
	}
	return "there is no such field: type, state, tags, tags+, tags-, user0 to user3";
}

/* One op, of one slot. False: nothing is left to do for i. */
static bool next_change(const struct changes *c, int i, struct wn_sqe *sqe, __u64 node)
{
	if (i == 0) {
		wn_prep(sqe, WN_OP_NODE_SET, node, 0);
		sqe->op_flags = (c->type ? WN_SET_TYPE : 0) | (c->state ? WN_SET_STATE : 0) |
				c->how_tags;
		sqe->w[0] = c->state_to << 32 | c->type_to;
		sqe->w[1] = c->tags;
		return sqe->op_flags;
	}
	if (!c->user[i - 1])
		return false;
	wn_prep_set_word(sqe, node, (unsigned int)i - 1, c->user_to[i - 1], 0);
	return true;
}

/* As one group: all, or none. */
static __s64 apply(struct wn_ctx *ctx, const struct changes *c, __u64 node, bool if_version,
		   __u64 version)
{
	struct wn_sqe sqes[5] = {}, *sqe;
	const struct wn_cqe *cqe;
	__s64 res = 0, last = 0;
	int n = 0, i, err;

	for (i = 0; i < 5; i++)
		if (next_change(c, i, &sqes[n], node))
			n++;
	if (if_version)
		wn_sqe_if_version(&sqes[0], version);
	if (wn_sq_room(&ctx->wn) < (__u32)n)
		return -EAGAIN;
	for (i = 0; i < n; i++) {
		sqe = wn_get_sqe(&ctx->wn);
		*sqe = sqes[i];
		if (i + 1 < n)
			wn_sqe_flags(sqe, WN_SQE_ATOMIC);
		wn_sqe_cap(sqe, ctx->cap);
	}
	err = wn_submit_and_wait(&ctx->wn, (unsigned int)n, 0);
	if (err < 0)
		return err;
	for (i = 0; i < n; i++) {
		err = wn_wait_cqe(&ctx->wn, &cqe, 0);
		if (err)
			return err;
		last = cqe->res;
		if (WN_RES_IS_ERROR(last) && (!res || last != -ECANCELED))
			res = last;
		wn_cqe_seen(&ctx->wn);
	}
	return res ? res : last;
}

static int set(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 version = ~0ULL, node;
	struct changes c = {};
	const char *bad, *eq;
	struct wn_opts o;
	int status, i;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		wn_opt_number(&o, "--if-version", ~0ULL - 1, &version);
	status = wn_opts_end(&o, 2, argc);
	if (status)
		return status;
	for (i = 1; i < o.args; i++) {
		eq = strchr(o.arg[i], '=');
		bad = eq ? change_one(&c, o.arg[i], (size_t)(eq - o.arg[i]), eq + 1) :
		      "a change is written FIELD=NUMBER";
		if (bad)
			return wn_usage(bad, o.arg[i]);
	}
	status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	res = apply(ctx, &c, node, version != ~0ULL, version);
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot set", o.arg[0], (int)res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "node.set");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_u64(&ctx->j, "version", (__u64)res);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

/* ------------------------------------------------------------------- get */

static void get_text(struct wn_ctx *ctx, const char *path, const struct wn_node_rec *rec)
{
	FILE *to = ctx->out;
	int i;

	fputs("path      ", to);
	wn_text_safe(to, path, strlen(path));
	fprintf(to, "\nhandle    %#llx\nversion   %llu\nchanged   ", (unsigned long long)rec->handle,
		(unsigned long long)rec->version);
	wn_node_time(to, rec->hlc);
	fputs("\ncreated   ", to);
	wn_node_time(to, rec->created);
	fprintf(to, "\ntype      %u\nstate     %u\ntags      %#llx\n", rec->type, rec->state,
		(unsigned long long)rec->tags);
	if (rec->owner == WN_OWNER_NONE)
		fputs("owner     none\n", to);
	else
		fprintf(to, "owner     client %u\n", rec->owner);
	fprintf(to, "tier      %s\n", rec->tier <= WN_TIER_STRONG ? wn_tiers[rec->tier] : "unknown");
	fprintf(to, "children  %u\ncells     %u\nuser     ", rec->nr_children, rec->nr_cells);
	for (i = 0; i < 4; i++)
		fprintf(to, " %llu", (unsigned long long)rec->user[i]);
	fputc('\n', to);
}

static int get(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_node_rec rec;
	char path[PATH_MAX];
	struct wn_opts o;
	int status, err;
	__u64 node;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, 1);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	err = wn_node_read(&ctx->wn, node, &rec);
	if (err)
		return wn_fail("cannot read", o.arg[0], err);
	wn_session_path_of(ctx, node, path, sizeof(path));
	if (!ctx->json) {
		get_text(ctx, path, &rec);
		return WN_EXIT_OK;
	}
	wn_json_begin(&ctx->j, "node.get");
	wn_json_string(&ctx->j, "domain", ctx->name);
	wn_node_json(ctx, "node", path, &rec);
	wn_json_end(&ctx->j);
	return WN_EXIT_OK;
}

const struct wn_cmd wn_node_verbs[] = {
	{ "add", "PATH... [-p] [--type N] [--state N] [--tags BITS] [--tier local|eventual|strong] "
	  "[--on-death keep|orphan|destroy]", "make nodes; -p: and those above", add },
	{ "rm", "PATH... [-r]", "destroy them; -r: and all below", rm },
	{ "mv", "PATH TO", "move below TO, or to that name", mv },
	{ "set", "PATH FIELD=N... [--if-version N]", "all of it or none", set },
	{ "get", "PATH", "all that a node says", get },
	{}
};
