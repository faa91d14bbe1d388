/* SPDX-License-Identifier: MIT */
/*
 * Commands of wn: one file each. A command gets its own argv, argv[0] being its
 * name, and returns an exit status. With verbs it is a table of them (wn_verb_run).
 */
#ifndef WN_CMD_H
#define WN_CMD_H

#include <stdbool.h>
#include <stdio.h>

#include <wn.h>

#include "fail.h"
#include "json.h"

/* What the command line said before the command, and what lasts from one to the next. */
struct wn_ctx {
	const char *mount;	/* -m: the instance */
	const char *domain;	/* -d; NULL: the only one there is */
	bool json;		/* --json */
	bool embed;		/* -e */
	bool live;		/* --live: something happens in the demo domain */
	bool batch;		/* run by wn batch: the client stays */
	bool colour;
	bool keep;		/* with --json this command's output counts whatever its status */
	__u16 cap;		/* --cap: ops are done under it */
	FILE *out;		/* where a command's output goes */
	struct wn_json j;	/* to out */
	struct wn wn;		/* the client, once wn_session() was called */
	bool open;
	char name[WN_NAME_BYTES]; /* of its domain */
};

struct wn_cmd {
	const char *name;
	const char *usage;	/* behind the name */
	const char *help;	/* a line */
	int (*run)(struct wn_ctx *ctx, int argc, char **argv);
	const struct wn_cmd *verbs; /* NULL: none; the last has no name */
};

extern const struct wn_cmd wn_cmds[];

extern const struct wn_cmd wn_domain_verbs[];
extern const struct wn_cmd wn_node_verbs[];
extern const struct wn_cmd wn_cell_verbs[];
extern const struct wn_cmd wn_cap_verbs[];
extern const struct wn_cmd wn_lane_verbs[];

int wn_domain_apply(struct wn_ctx *ctx, int argc, char **argv);

int cmd_info(struct wn_ctx *ctx, int argc, char **argv);
int cmd_tree(struct wn_ctx *ctx, int argc, char **argv);
int cmd_emit(struct wn_ctx *ctx, int argc, char **argv);
int cmd_watch(struct wn_ctx *ctx, int argc, char **argv);
int cmd_query(struct wn_ctx *ctx, int argc, char **argv);
int cmd_stat(struct wn_ctx *ctx, int argc, char **argv);
int cmd_top(struct wn_ctx *ctx, int argc, char **argv);
int cmd_trace(struct wn_ctx *ctx, int argc, char **argv);
int cmd_doctor(struct wn_ctx *ctx, int argc, char **argv);
int cmd_metrics(struct wn_ctx *ctx, int argc, char **argv);
int cmd_completion(struct wn_ctx *ctx, int argc, char **argv);
int cmd_digest(struct wn_ctx *ctx, int argc, char **argv);
int cmd_batch(struct wn_ctx *ctx, int argc, char **argv);

/* The command or verb of that name, or NULL. */
const struct wn_cmd *wn_cmd_find(const struct wn_cmd *table, const char *name);

/* Run what argv says: a command, or its verb. Its output is written, or dropped if it failed. */
int wn_cmd_run(struct wn_ctx *ctx, int argc, char **argv);

/* From now on what this command says is written at once, also if it fails later. */
void wn_stream(struct wn_ctx *ctx);

#endif
