// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "mail.h"

#include "cap.h"
#include "client.h"
#include "core.h"
#include "journal.h"
#include "node.h"

#define LETTER_WORDS	(sizeof(struct wn_letter) / sizeof(u64))
#define BOX_WORDS	(sizeof(struct wn_box) / sizeof(u64))

wn_static_assert(sizeof(struct wn_letter) % sizeof(u64) == 0);
wn_static_assert(sizeof(struct wn_box) % sizeof(u64) == 0);

void wn_mail_init(struct wn_mail *mail, const struct wn_mail_parts *parts, u32 capacity)
{
	mail->letters = parts->letters;
	mail->boxes = parts->boxes;
	mail->waiting = parts->waiting;
	mail->planned = parts->planned;
	mail->held = parts->held;
	mail->capacity = capacity;
}

static u32 share(const struct wn_mail *mail, const struct wn_box *box)
{
	return (wn_mail_left(mail) + box->count) / 2;
}

u32 wn_mail_credit(const struct wn_core *core, u32 client)
{
	const struct wn_box *box = &core->mail.boxes[client];
	const u32 most = share(&core->mail, box);

	return most > box->count ? most - box->count : 0;
}

/* Who holds, or held, the capability that something is sent under: the client's number. */
static u32 sender_of(const struct wn_core *core, u64 cap)
{
	return wn_handle_index(cap) / core->bounds.caps;
}

/* Where it is counted what waits for a reader of one sender; NULL: that is the engine. */
static u32 *held_of(const struct wn_core *core, u32 reader, u64 cap)
{
	return cap ? &core->mail.held[(u64)reader * core->bounds.clients + sender_of(core, cap)] :
		     NULL;
}

void wn_mail_count(struct wn_core *core, u32 reader, u64 cap, u32 n)
{
	u32 *held = held_of(core, reader, cap);

	if (held)
		WN_TX_SET(core->tx, *held, *held + n);
}

u32 wn_mail_allowance(const struct wn_core *core, u32 reader, u32 n)
{
	const u32 *held = held_of(core, reader, core->mail.cap);
	u32 most;

	if (!held || !n)
		return n;
	most = (n + *held + 1) / 2;
	return most > *held ? most - *held : 0;
}

/* How many more who sends now can make a client hold. */
static u32 allowance(const struct wn_core *core, u32 client)
{
	const u32 credit = wn_mail_credit(core, client);
	const u64 cap = core->mail.cap;

	return cap && sender_of(core, cap) == client ? credit :
						       wn_mail_allowance(core, client, credit);
}

static bool is_empty(const struct wn_box *box)
{
	return !(box->count || box->lost[0] || box->lost[1] || box->lost[2] || box->lost[3]);
}

/* The letter about the same node that a newer one takes the place of; 0: none. */
static u32 same(const struct wn_core *core, u32 client, const struct wn_event *event)
{
	const u32 index = wn_handle_index(event->node);
	const struct wn_letter *l;
	u32 at;

	if (event->kind != WN_EV_USER || index >= core->bounds.nodes)
		return 0;
	at = core->own[index].letter;
	if (!at)
		return 0;
	l = wn_mail_letter(&core->mail, at);
	return l->client == client && l->life == core->clients[client].life &&
	       l->event.node == event->node && l->event.kind == WN_EV_USER &&
	       l->event.priority == event->priority ? at : 0;
}

/* The oldest letters of a backlog that are looked at for one to drop. */
#define DROP_LOOK 16

/*
 * What goes so that another comes, and the one before it (0: none): the sender's own
 * oldest; where all is full and it has none, the oldest that a client sent. What the engine
 * has to say is never dropped. 0: none near the front.
 */
static u32 droppable(const struct wn_core *core, u32 client, u32 priority, u32 *before)
{
	const struct wn_mail *mail = &core->mail;
	u32 at = mail->boxes[client].first[priority], last = 0, oldest = 0, i;

	*before = 0;
	for (i = 0; at && i < DROP_LOOK; i++) {
		const struct wn_letter *l = wn_mail_letter(mail, at);

		if (l->event.kind == WN_EV_USER &&
		    sender_of(core, l->cap) == sender_of(core, mail->cap)) {
			*before = last;
			return at;
		}
		if (l->event.kind == WN_EV_USER && !oldest) {
			*before = last;
			oldest = at;
		}
		last = at;
		at = l->next;
	}
	return wn_mail_credit(core, client) ? 0 : oldest;
}

s64 wn_mail_check(const struct wn_core *core, u32 client, const struct wn_event *event, u32 n,
		  u32 flags)
{
	const struct wn_mail *mail = &core->mail;
	const struct wn_box *box = &mail->boxes[client];
	u32 before;

	if (client >= core->bounds.clients || !wn_core_client_is_open(&core->clients[client]))
		return -ENOLINK;
	if (flags & WN_MAIL_ENGINE)
		return n <= wn_mail_left(mail) ? 0 : -ENOBUFS;
	if (flags & WN_MAIL_PATIENT)
		return n <= wn_mail_credit(core, client) ? 0 : -ENOBUFS;
	if (n <= allowance(core, client))
		return 0;
	switch (box->policy) {
	case WN_POLICY_DROP_OLDEST:
		/* One goes for each that comes; those of other priorities stay. */
		return n == 1 && droppable(core, client, event->priority, &before) ? 0 : -ENOBUFS;
	case WN_POLICY_CONFLATE:
		return n == 1 && same(core, client, event) ? 0 : -ENOBUFS;
	}
	return -ENOBUFS;
}

u32 wn_mail_take(struct wn_core *core)
{
	struct wn_mail *mail = &core->mail;
	u32 at = mail->free;

	wn_tx_save(core->tx, &mail->used, 2);
	mail->used++;
	if (at)
		mail->free = wn_mail_letter(mail, at)->next;
	else if (!wn_bug_on(mail->fresh == mail->capacity))
		at = ++mail->fresh;
	else
		at = mail->capacity;
	wn_tx_save(core->tx, wn_mail_letter(mail, at), LETTER_WORDS);
	return at;
}

/* Take the oldest of a backlog that has some out of it. */
static u32 pop(struct wn_core *core, u32 client, u32 priority)
{
	struct wn_box *box = &core->mail.boxes[client];
	const u32 at = box->first[priority];

	wn_tx_save(core->tx, box, BOX_WORDS);
	wn_mail_count(core, client, wn_mail_letter(&core->mail, at)->cap, -1u);
	box->first[priority] = wn_mail_letter(&core->mail, at)->next;
	if (!box->first[priority])
		box->last[priority] = 0;
	box->count--;
	return at;
}

void wn_mail_give(struct wn_core *core, u32 at)
{
	struct wn_mail *mail = &core->mail;
	struct wn_letter *l = wn_mail_letter(mail, at);

	wn_tx_save(core->tx, &l->life, 2);
	l->life = 0;
	l->next = mail->free;
	wn_tx_save(core->tx, &mail->used, 2);
	mail->free = at;
	mail->used--;
}

/* Drop the one that goes for another, if there is one. */
static void drop(struct wn_core *core, u32 client, u32 priority)
{
	struct wn_mail *mail = &core->mail;
	struct wn_box *box = &mail->boxes[client];
	u32 before, at = droppable(core, client, priority, &before);

	if (!at)
		return;
	if (!before) {
		pop(core, client, priority);
	} else {
		wn_tx_save(core->tx, box, BOX_WORDS);
		wn_mail_count(core, client, wn_mail_letter(mail, at)->cap, -1u);
		WN_TX_SET(core->tx, wn_mail_letter(mail, before)->next,
			  wn_mail_letter(mail, at)->next);
		if (box->last[priority] == at)
			box->last[priority] = before;
		box->count--;
	}
	wn_mail_give(core, at);
	box->lost[priority]++;
}

static void wake(struct wn_core *core, u32 client)
{
	u64 *word = &core->mail.waiting[client / 64];

	WN_TX_SET(core->tx, *word, *word | 1ULL << (client % 64));
}

static void append(struct wn_core *core, u32 client, const struct wn_event *event)
{
	struct wn_mail *mail = &core->mail;
	struct wn_box *box = &mail->boxes[client];
	const u32 p = event->priority, at = wn_mail_take(core), index = wn_handle_index(event->node);
	struct wn_letter *l = wn_mail_letter(mail, at);

	l->event = *event;
	l->cap = mail->cap;
	l->life = core->clients[client].life;
	l->client = client;
	l->next = 0;
	wn_tx_save(core->tx, box, BOX_WORDS);
	if (box->last[p])
		WN_TX_SET(core->tx, wn_mail_letter(mail, box->last[p])->next, at);
	else
		box->first[p] = at;
	box->last[p] = at;
	box->count++;
	wn_mail_count(core, client, l->cap, 1);
	if (box->policy == WN_POLICY_CONFLATE && index < core->bounds.nodes)
		WN_TX_SET(core->tx, core->own[index].letter, at);
}

void wn_mail_post(struct wn_core *core, u32 client, const struct wn_event *event, u32 flags)
{
	struct wn_mail *mail = &core->mail;
	struct wn_box *box = &mail->boxes[client];
	u32 at;

	core->tx->steps++;
	if (!(flags & WN_MAIL_ENGINE) && box->policy == WN_POLICY_CONFLATE) {
		at = same(core, client, event);
		if (at) {
			wn_tx_save(core->tx, wn_mail_letter(mail, at), LETTER_WORDS);
			wn_mail_count(core, client, wn_mail_letter(mail, at)->cap, -1u);
			wn_mail_count(core, client, mail->cap, 1);
			wn_mail_letter(mail, at)->event = *event;
			wn_mail_letter(mail, at)->cap = mail->cap;
			WN_TX_SET(core->tx, box->lost[event->priority],
				  box->lost[event->priority] + 1);
			wake(core, client);
			return;
		}
	} else if (!flags && box->policy == WN_POLICY_DROP_OLDEST &&
		   !allowance(core, client)) {
		drop(core, client, event->priority);
	}
	append(core, client, event);
	wake(core, client);
}

s64 wn_mail_send(struct wn_core *core, u32 client, const struct wn_event *event, u32 flags)
{
	const s64 err = wn_mail_check(core, client, event, 1, flags);

	if (!err)
		wn_mail_post(core, client, event, flags);
	return err;
}

s64 wn_mail_tell(struct wn_core *core, u32 client, const struct wn_event *event)
{
	return wn_mail_send(core, client, event, WN_MAIL_PATIENT);
}

int wn_mail_waiting(const struct wn_core *core, u32 from)
{
	const u32 words = (core->bounds.clients + 63) / 64;
	u32 i = from / 64;
	u64 bits;

	if (i >= words)
		return -1;
	bits = core->mail.waiting[i] & ~0ULL << (from % 64);
	while (!bits && ++i < words)
		bits = core->mail.waiting[i];
	return bits ? (int)(i * 64 + wn_ffs64(bits)) : -1;
}

void wn_mail_retry(struct wn_core *core, u32 client)
{
	if (client >= core->bounds.clients)
		return;
	if (unlikely(core->journal)) {
		/* Nothing to be done is no input. */
		if (is_empty(&core->mail.boxes[client]))
			return;
		if (!wn_journal_has_share(core, client))
			return;
		wn_journal_open(core, WN_INPUT_RETRY, client, NULL);
	}
	wn_tx_begin(core->tx, false);
	if (!is_empty(&core->mail.boxes[client]))
		wake(core, client);
	if (unlikely(core->journal))
		wn_journal_close(core, 0);
}

/* What was dropped is told where it would have been read. */
static void tell_loss(struct wn_core *core, u32 client, struct wn_inbox *inbox, u32 priority)
{
	struct wn_event event = {
		.hlc = core->hlc, .kind = WN_EV_LOSS, .priority = priority, .len = sizeof(u64),
	};
	struct wn_box *box = &core->mail.boxes[client];

	wn_memcpy(event.data, &box->lost[priority], sizeof(u64));
	if (likely(inbox)) {
		wn_inbox_put(inbox, priority, &event);
		wn_trace_event(core, client, &event);
	}
	box->lost[priority] = 0;
}

/* The events that an inbox can take: its reader's word, and so an input. */
static u32 room_of(struct wn_core *core, const struct wn_inbox *inbox, u32 priority)
{
	const u32 room = inbox ? wn_inbox_room(inbox, priority) : 0;

	if (likely(!core->replay && !core->journal))
		return room;
	return (u32)wn_input_word(core, WN_READ_ROOM | priority, room);
}

struct wn_event wn_mail_open_letter(struct wn_core *core, const struct wn_letter *letter)
{
	struct wn_event event = letter->event;

	if (letter->cap && wn_cap_was_revoked(core, letter->cap))
		event.flags |= WN_EV_F_REVOKED;
	return event;
}

/* Move what there is room for; returns the number of events that were put. */
static u32 move(struct wn_core *core, u32 client, struct wn_inbox *inbox, u32 priority)
{
	struct wn_box *box = &core->mail.boxes[client];
	u32 room, put = 0, at;
	struct wn_event event;

	if (!box->first[priority] && !box->lost[priority])
		return 0;
	room = room_of(core, inbox, priority);
	if (room && box->lost[priority]) {
		tell_loss(core, client, inbox, priority);
		put++;
	}
	while (put < room && box->first[priority]) {
		at = pop(core, client, priority);
		if (likely(inbox)) {
			event = wn_mail_open_letter(core, wn_mail_letter(&core->mail, at));
			wn_inbox_put(inbox, priority, &event);
			wn_trace_event(core, client, &event);
		}
		wn_mail_give(core, at);
		put++;
	}
	return put;
}

static u32 move_all(struct wn_core *core, u32 client, struct wn_inbox *inbox)
{
	u32 p, put = 0;

	for (p = WN_PRIORITIES; p--; )
		put += move(core, client, inbox, p);
	return put;
}

/* Some waits still: the reader shall say when it has made room. */
static void raise_backlog(struct wn_inbox *inbox)
{
	struct wn_kern_ring *kern = inbox->kern;

	WRITE_ONCE(kern->flags, kern->flags | WN_KR_F_BACKLOG);
	wn_fence();							/* M */
}

static void publish(struct wn_inbox *inbox, bool empty, u32 credit)
{
	struct wn_kern_ring *kern = inbox->kern;

	if (empty && kern->flags & WN_KR_F_BACKLOG)
		WRITE_ONCE(kern->flags, kern->flags & ~WN_KR_F_BACKLOG);
	wn_inbox_publish(inbox);
	WRITE_ONCE(kern->credit, credit);
}

u32 wn_mail_pump(struct wn_core *core, u32 client, struct wn_inbox *inbox)
{
	struct wn_mail *mail = &core->mail;
	struct wn_box *box;
	u32 put;

	if (client >= core->bounds.clients)
		return 0;
	client = wn_index_nospec(client, core->bounds.clients);
	box = &mail->boxes[client];
	if (unlikely(core->journal)) {
		if (!wn_journal_has_room(core))
			return 0;
		wn_journal_open(core, WN_INPUT_PUMP, client, NULL);
	}
	wn_tx_begin(core->tx, false);
	put = move_all(core, client, inbox);
	if (!is_empty(box)) {
		if (likely(inbox))
			raise_backlog(inbox);
		put += move_all(core, client, inbox);
	}
	if (likely(inbox))
		publish(inbox, is_empty(box), wn_mail_credit(core, client));
	if (put)
		wn_queue_poke(core);
	mail->waiting[client / 64] &= ~(1ULL << (client % 64));
	if (unlikely(core->journal))
		wn_journal_close(core, put);
	return put;
}

void wn_mail_open(struct wn_core *core, u32 client)
{
	wn_bug_on(!is_empty(&core->mail.boxes[client]));
}

/* All its letters at once: each list goes in front of the free ones. */
void wn_mail_close(struct wn_core *core, u32 client)
{
	struct wn_mail *mail = &core->mail;
	struct wn_box *box = &mail->boxes[client];
	u32 p;

	for (p = 0; p < WN_PRIORITIES; p++) {
		if (!box->last[p])
			continue;
		wn_mail_letter(mail, box->last[p])->next = mail->free;
		mail->free = box->first[p];
	}
	mail->used -= box->count;
	wn_queue_poke(core);
	*box = (struct wn_box){};
	wn_memset(&mail->held[(u64)client * core->bounds.clients], 0,
		  core->bounds.clients * sizeof(*mail->held));
	mail->waiting[client / 64] &= ~(1ULL << (client % 64));
}
