/* SPDX-License-Identifier: MIT */
/*
 * Mail, written as naively as it can be: for each client a list of what waits and one of
 * what is in its inbox, by priority. How much somebody may hold is counted each time.
 */
#ifndef WN_UNIT_MODEL_MAIL_H
#define WN_UNIT_MODEL_MAIL_H

#include "world.h"

#define MODEL_MAIL_CLIENTS	4
#define MODEL_MAIL_NODES	6
#define MODEL_MAIL_BACKLOG	48	/* of all together */
#define MODEL_MAIL_RING		4	/* entries of each priority */

struct model_note {
	u64 trace;		/* of a loss: how many */
	u32 node, sender;
	bool loss;
};

struct model_list {
	struct model_note at[MODEL_MAIL_BACKLOG + 1];
	u32 n;
};

struct model_box {
	struct model_list backlog[WN_PRIORITIES], ring[WN_PRIORITIES];
	u64 lost[WN_PRIORITIES];
	u32 policy;
	bool open;
};

struct model_mail {
	struct model_box box[MODEL_MAIL_CLIENTS];
	int reader[MODEL_MAIL_NODES];	/* -1: none */
	u64 last[MODEL_MAIL_NODES];	/* trace of the event that was the last to wait */
};

/* Events that a client's backlog can still take, from all together. */
u32 model_mail_credit(const struct model_mail *m, u32 c);
u32 model_mail_count(const struct model_mail *m, u32 c);

/* To one node's reader: 0 or an errno. */
s64 model_mail_emit(struct model_mail *m, u32 sender, u32 node, u32 priority, u64 trace);

/* To the readers of nodes, in this order, all or none: how many, or an errno. */
s64 model_mail_emit_to(struct model_mail *m, u32 sender, const u32 *nodes, u32 n, u32 priority,
		       u64 trace);

void model_mail_pump(struct model_mail *m, u32 c);

/* What is read next; false: nothing. */
bool model_mail_read(struct model_mail *m, u32 c, u32 priority, struct model_note *note);

/* The client is gone, with all that waits for it. */
void model_mail_close(struct model_mail *m, u32 c);

#endif
