/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Mail: events on their way to clients. An op puts an event into its receiver's
 * private backlog, as part of its transaction; after the commit it is moved to the
 * receiver's inbox as far as there is room.
 *
 *	op --wn_mail_send--> backlog --wn_mail_pump--> inbox --> reader
 *
 * All backlogs share one pool of letters. A client's may hold at most half of what
 * is free and its own, so that nobody who does not read takes all, and nobody who
 * sends can make a receiver hold all that is left. Of a receiver's share one sender
 * has half of what others left of it, so that nobody who sends a lot keeps others from
 * being heard; what one sends to itself is its own affair. What the engine itself has to
 * say (a node died, a call ends) waits in the promise that holds it, or may use the other half.
 */
#ifndef WN_CORE_MAIL_H
#define WN_CORE_MAIL_H

#include "inbox.h"
#include "port.h"
#include "tx.h"

struct wn_core;

struct wn_letter {
	struct wn_event event;
	u64 cap;		/* handle of the sender's capability; 0: it is the engine's */
	u64 life;		/* of the client whose backlog it is in */
	u32 next;		/* letter + 1 behind it, or of the free ones; 0: none */
	u32 client;
};

/* A client's backlog. */
struct wn_box {
	u32 first[WN_PRIORITIES];	/* letters + 1; 0: none */
	u32 last[WN_PRIORITIES];
	u64 lost[WN_PRIORITIES];	/* dropped since the last loss record */
	u32 count;
	u32 policy;			/* WN_POLICY_* */
};

struct wn_mail {
	struct wn_letter *letters;
	struct wn_box *boxes;	/* by client */
	u64 *waiting;		/* a bit for each client: something can perhaps be moved */
	u32 *planned;		/* scratch, by client: of a send to many; zero between */
	u32 *held;		/* by reader (reader.h) and, in its row, by sender: letters that wait */
	u32 capacity;
	u32 reserved0;
	u64 cap;		/* of who asks or sends at this moment; 0: the engine */
	u64 used;		/* saved together with the two below */
	u32 free;		/* letter + 1; 0: none */
	u32 fresh;		/* letters that were never used begin here */
};

#define WN_MAIL_ENGINE		1u	/* from the engine itself: may use all */
#define WN_MAIL_PATIENT		2u	/* whatever the policy: what does not fit is sent later */

/*
 * Whether n events like this one can go to a client: 0, -ENOLINK: it is gone, -ENOBUFS. Who
 * asks for somebody sets mail.cap around it.
 */
s64 wn_mail_check(const struct wn_core *core, u32 client, const struct wn_event *event, u32 n,
		  u32 flags);

/*
 * Send what was checked, as part of the transaction. Who sends for somebody sets
 * mail.cap around it: if that is revoked before the event is in an inbox, it says so.
 */
void wn_mail_post(struct wn_core *core, u32 client, const struct wn_event *event, u32 flags);

/* The event of a letter as it is to be read now. */
struct wn_event wn_mail_open_letter(struct wn_core *core, const struct wn_letter *letter);

/* Both: 0, or an error and nothing is changed. */
s64 wn_mail_send(struct wn_core *core, u32 client, const struct wn_event *event, u32 flags);

/* As wn_mail_send(), patient: for subscriptions. */
s64 wn_mail_tell(struct wn_core *core, u32 client, const struct wn_event *event);

/* The first client at or after @from for whom something can perhaps be moved; or -1. */
int wn_mail_waiting(const struct wn_core *core, u32 from);

/* To be called when a reader has freed room: look at it again. */
void wn_mail_retry(struct wn_core *core, u32 client);

/*
 * Move what waits to the inbox, publish it, and tell the client what its backlog
 * can still take. Returns the number of events that were moved. In a replay there is no
 * inbox (NULL): what had room goes nowhere.
 */
u32 wn_mail_pump(struct wn_core *core, u32 client, struct wn_inbox *inbox);

/* The client opens, or is gone: all that waits for it goes. */
void wn_mail_open(struct wn_core *core, u32 client);
void wn_mail_close(struct wn_core *core, u32 client);

/*
 * Of the n that a reader has room for, those that who sends now (mail.cap) may take: half of
 * what others left. The last one is for whoever has none. And count what it has there.
 */
u32 wn_mail_allowance(const struct wn_core *core, u32 reader, u32 n);
void wn_mail_count(struct wn_core *core, u32 reader, u64 cap, u32 n);

/* For queues, whose jobs are letters: take one, which wn_mail_left() says there is; give it back. */
u32 wn_mail_take(struct wn_core *core);
void wn_mail_give(struct wn_core *core, u32 at);

static inline struct wn_letter *wn_mail_letter(const struct wn_mail *mail, u32 at)
{
	return &mail->letters[at - 1];
}

/* Letters that nobody has. */
static inline u32 wn_mail_left(const struct wn_mail *mail)
{
	return mail->capacity - (u32)mail->used;
}

/* Events that a client's backlog can still take. */
u32 wn_mail_credit(const struct wn_core *core, u32 client);

/* Numbers that held has. */
static inline u64 wn_mail_held_count(u32 clients)
{
	return 2ULL * clients * clients;	/* as many queues as clients */
}

/* Memory of each kind, zeroed. */
struct wn_mail_parts {
	void *letters, *boxes, *waiting, *planned, *held;
};

void wn_mail_init(struct wn_mail *mail, const struct wn_mail_parts *parts, u32 capacity);

static inline u64 wn_mail_waiting_bytes(u32 clients)
{
	return ((u64)clients + 63) / 64 * sizeof(u64);
}

#endif
