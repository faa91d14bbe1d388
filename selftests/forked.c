// SPDX-License-Identifier: MIT
/*
 * Every function of the library that takes a handle, called in a forked child on what
 * its parent opened: each says -EOWNERDEAD, or what its page says where it cannot say
 * that, and none of them dies. libwn/man/check holds the names here against the headers
 * and the symbol map: a new function is called here, or named below with a reason.
 */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define BYTES	4096u
#define LANES	8u
#define DEAD	(-EOWNERDEAD)

/*
 * Not called: on no client or end (NONE), of numbers and records alone (PLAIN).
 *
 * NONE wn_query wn_bounds wn_domain_classes wn_domain_create wn_domain_create_journaled
 * NONE wn_domain_info wn_domain_journal wn_domain_remove wn_domain_set_classes wn_open
 * NONE wn_strerror wn_transport_register wn_deadline wn_lane_make wn_lane_map
 * NONE wn_lane_fds_close
 * PLAIN wn_in wn_out
 */

enum { A_TO_B, B_FROM_A, MEM_OUT, MEM_IN, HOLDS_OUT, HOLDS_IN, LOSES_OUT, LOSES_IN };

/* All that a program can have when it forks, each with something in it. */
struct hands {
	struct wn a, b, fresh;
	__u64 node, counter, escrow, set;
	struct wn_counter slot, slot2;
	struct wn_escrow rights, rights2;
	struct wn_query_it query;
	struct wn_cell_it list;
	struct wn_lane lane[LANES];
	struct wn_lane_set of_client, of_memory;
	struct wn_lane lend_out, lend_in;
	struct wn_loans lender, borrower;
	struct wn_loop loop;
	struct wn_actor actor;
	void *lent, *got;
	const void *taken;
};

FIXTURE(forked) {
	struct wt_mount m;
	struct hands h;
};

static int handle(struct wn_loop *loop, struct wn_actor *actor, const struct wn_event *event)
{
	return 0;
}

static int memory_lane(struct wn_lane *out, struct wn_lane *in)
{
	struct wn_lane_fds fds;
	int err = wn_lane_make(&fds, BYTES);

	err = err ? err : wn_lane_map(out, fds.producer, true);
	err = err ? err : wn_lane_map(in, fds.consumer, false);
	wn_lane_fds_close(&fds);
	return err;
}

/* Read in part, the rest lies there; and one that is reserved. */
static int use_lane(struct wn_lane *out, struct wn_lane *in)
{
	__u32 i, len;
	void *to;

	for (i = 0; i < 3; i++) {
		to = wn_lane_reserve(out, 8);
		if (!to)
			return -EAGAIN;
		memset(to, 0, 8);
		if (wn_lane_commit(out))
			return wn_lane_error(out);
	}
	return wn_lane_peek(in, &len) && wn_lane_reserve(out, 8) ? wn_lane_consume(in) : -EAGAIN;
}

static int open_lanes(struct hands *h)
{
	const __u64 fans[] = { (__u64)wn_create(&h->a, 0, "f0"), (__u64)wn_create(&h->a, 0, "f1") };
	struct wn_lane *l = h->lane;
	int err, i;

	err = wn_lane_connect(&h->b, &l[A_TO_B], h->node, 0, BYTES);
	err = err ? err : wn_lane_accept(&h->a, &l[B_FROM_A], NULL, 0);
	err = err ? err : memory_lane(&l[MEM_OUT], &l[MEM_IN]);
	err = err ? err : memory_lane(&h->lend_out, &h->lend_in);
	for (i = 0; !err && i < 2; i++) {
		err = wn_fan_make(&h->a, &l[HOLDS_OUT + 2 * i], fans[i], 0, 4 * BYTES, 2,
				  i ? 0 : WN_FAN_HOLDS);
		err = err ? err : wn_fan_join(&h->b, &l[HOLDS_IN + 2 * i], fans[i], 0, 0);
		err = err ? err : wn_fan_send(&l[HOLDS_OUT + 2 * i], "one", 3, 0);
	}
	err = err ? err : use_lane(&l[A_TO_B], &l[B_FROM_A]);
	return err ? err : use_lane(&l[MEM_OUT], &l[MEM_IN]);
}

static int open_loans(struct hands *h)
{
	__u32 len, type;
	int err;

	err = wn_loans_begin(&h->lender, &h->lend_out, 512);
	err = err ? err : wn_loans_begin(&h->borrower, &h->lend_in, 512);
	if (err)
		return err;
	h->lent = wn_loans_get(&h->lender);
	err = wn_loans_send(&h->lender, h->lent, 8, 0);
	err = err ? err : wn_lane_commit(&h->lend_out);
	h->taken = wn_loans_take(&h->borrower, &len, &type);
	h->got = wn_loans_get(&h->lender);
	return err ? err : h->taken && h->got ? 0 : -EAGAIN;
}

static int open_cells(struct hands *h)
{
	struct wn_filter all = {};
	int err;

	h->counter = (__u64)wn_cell_create(&h->a, h->node, 1, WN_CELL_PNCOUNTER, 0);
	h->escrow = (__u64)wn_cell_create(&h->a, h->node, 2, WN_CELL_ESCROW, 0);
	h->set = (__u64)wn_cell_create(&h->a, h->node, 3, WN_CELL_ORSET, 0);
	wn_cell_add(&h->a, h->node, h->escrow, 100);
	wn_cell_put(&h->a, h->node, h->set, WN_CELL_ADD, "key", 3, NULL, 0);
	wn_cell_put(&h->a, h->node, h->set, WN_CELL_ADD, "two", 3, NULL, 0);
	err = wn_counter_attach(&h->slot, &h->a, h->node, h->counter);
	err = err ? err : wn_escrow_attach(&h->rights, &h->a, h->node, h->escrow);
	err = err ? err : wn_escrow_take(&h->rights, 10);
	err = err ? err : wn_query_begin(&h->a, &h->query, 0, &all);
	err = err ? err : wn_cell_list_begin(&h->a, &h->list, h->node, h->set);
	if (err)
		return err;
	return wn_query_next(&h->query) && wn_cell_list_next(&h->list, NULL, NULL) ? 0 : -ENOENT;
}

/* A completion and an event lie there unread, an entry is prepared. */
static int open_rings(struct hands *h)
{
	__s64 err;
	int i;

	for (i = 0; i < 3; i++) {
		err = wn_emit(&h->b, h->node, 0, 7, "x", 1);
		if (WN_RES_IS_ERROR(err))
			return (int)err;
	}
	for (i = 0; i < 3; i++) {
		wn_prep_nop(wn_get_sqe(&h->a), 1);
		if (wn_submit(&h->a) < 0)
			return -EPROTO;
	}
	wn_prep_nop(wn_get_sqe(&h->a), 2);
	wn_loop_init(&h->loop, &h->a);
	h->actor = (struct wn_actor){ .node = h->node, .handle = handle };
	return wn_peek_event(&h->a) && wn_peek_cqe(&h->a) ? wn_loop_add(&h->loop, &h->actor) :
	       -EAGAIN;
}

FIXTURE_SETUP(forked)
{
	struct hands *h = &self->h;
	const char *path;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&h->a, path, NULL));
	ASSERT_EQ(0, wn_open(&h->b, path, NULL));
	ASSERT_EQ(0, wn_open(&h->fresh, path, NULL));
	h->node = (__u64)wn_create(&h->a, 0, "n");
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_bind(&h->a, h->node, WN_POLICY_FAIL)));
	ASSERT_EQ(0, open_lanes(h));
	ASSERT_EQ(0, open_loans(h));
	ASSERT_EQ(0, open_cells(h));
	ASSERT_EQ(0, open_rings(h));
	wn_lane_set_init(&h->of_client, &h->a, 0);
	wn_lane_set_init(&h->of_memory, NULL, 0);
	ASSERT_EQ(0, wn_lane_set_add(&h->of_client, &h->lane[B_FROM_A]));
	ASSERT_EQ(0, wn_lane_set_add(&h->of_memory, &h->lane[MEM_IN]));
}

FIXTURE_TEARDOWN(forked)
{
	struct hands *h = &self->h;
	__u32 i;

	wn_lane_set_end(&h->of_client);
	wn_lane_set_end(&h->of_memory);
	for (i = 0; i < LANES; i++)
		wn_lane_close(&h->lane[i]);
	wn_lane_close(&h->lend_out);
	wn_lane_close(&h->lend_in);
	wn_close(&h->fresh);
	wn_close(&h->b);
	wn_close(&h->a);
	wt_umount(&self->m);
}

/* --------------------------------------------------------------- in the child */

/* Shared with the parent: where the child is, and what it found. */
struct told {
	uint32_t at;		/* the call that is under way; or, at the end, how many there are */
	uint32_t from;		/* those below were made by children before this one */
	uint32_t ended;
	uint32_t wrong;
	char name[48], first[48];
	long long want, said;	/* of the first that was wrong */
};

static bool next(struct told *t, const char *name)
{
	bool go = t->at++ >= t->from;

	strncpy(t->name, name, sizeof(t->name) - 1);
	/* Stored before a call that ends it all, also where that is inline. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return go;
}

static void heard(struct told *t, long long want, long long said)
{
	if (want == said)
		return;
	if (t->wrong++)
		return;
	memcpy(t->first, t->name, sizeof(t->first));
	t->want = want;
	t->said = said;
}

#define TRY(fn, want, args)	do { if (next(t, #fn)) heard(t, want, (long long)fn args); } while (0)
#define NIL(fn, args)		do { if (next(t, #fn)) heard(t, 0, fn args != NULL); } while (0)
#define VOID(fn, args)		do { if (next(t, #fn)) fn args; } while (0)

static void rings(struct told *t, struct wn *w)
{
	const struct wn_event *event;
	const struct wn_cqe *cqe;
	__u64 ops[4] = {}, seen = 0;
	__u32 at = w->cq_head, offset;
	void *data;
	int fd = eventfd(0, EFD_CLOEXEC);

	TRY(wn_restrict, DEAD, (w, ops));
	TRY(wn_enable, DEAD, (w));
	TRY(wn_sq_room, 0, (w));
	NIL(wn_get_sqe, (w));
	NIL(wn_get_sqe_wide, (w, &data));
	TRY(wn_submit, DEAD, (w));
	TRY(wn_submit_and_wait, DEAD, (w, 1, 0));
	NIL(wn_cqe_at, (w, &at));
	NIL(wn_peek_cqe, (w));
	VOID(wn_cq_give, (w, at + 1));
	VOID(wn_cqe_seen, (w));
	VOID(wn_cq_advance, (w, 1));
	TRY(wn_wait_cqe, DEAD, (w, &cqe, 0));
	TRY(wn_wait_cqe_timeout, DEAD, (w, &cqe, 1));
	NIL(wn_peek_event, (w));
	VOID(wn_event_seen, (w));
	TRY(wn_event_credit, 0, (w));
	TRY(wn_wait_event, DEAD, (w, &event, 0));
	TRY(wn_wait_any, DEAD, (w, 0));
	TRY(wn_wait_epoch, DEAD, (w, &seen, 0));
	TRY(wn_wait_node, DEAD, (w, 0, 0, &seen, 0));
	TRY(wn_poller_start, DEAD, (w, 0, -1));
	TRY(wn_poller_stop, DEAD, (w));
	TRY(wn_eventfd_add, DEAD, (w, WN_EVENTFD_EVENTS, fd));
	TRY(wn_eventfd_remove, DEAD, (w, WN_EVENTFD_EVENTS));
	TRY(wn_in_alloc, DEAD, (w, 8, &offset));
	TRY(wn_out_alloc, DEAD, (w, 8, &offset));
	/* Memory of the library's own. */
	VOID(wn_in_free, (w, 0, 8));
	VOID(wn_out_free, (w, 0, 8));
	close(fd);
}

static void reads(struct told *t, struct hands *h, struct wn *w)
{
	struct wn_node_rec node;
	struct wn_cell_rec cell;
	__u64 value, handles[2];
	char bytes[8];

	NIL(wn_public_record, (w, WN_AREA_NODES, 0));
	TRY(wn_epoch, 0, (w));
	TRY(wn_clock, 0, (w));
	TRY(wn_public_is_there, 0, (w));
	TRY(wn_node_read, DEAD, (w, h->node, &node));
	TRY(wn_node_read_slow, DEAD, (w, h->node, &node));
	TRY(wn_cell_read, DEAD, (w, h->node, h->counter, &cell));
	TRY(wn_cell_read_slow, DEAD, (w, h->node, h->counter, &cell));
	TRY(wn_lookup, DEAD, (w, 0, "n"));
	TRY(wn_path_lookup, DEAD, (w, 0, "/n"));
	TRY(wn_children, DEAD, (w, 0, handles, 2));
	TRY(wn_cell_find, DEAD, (w, h->node, 1));
	TRY(wn_counter_read, DEAD, (w, h->node, h->counter, &value));
	TRY(wn_lww_read, DEAD, (w, h->node, h->counter, bytes, sizeof(bytes), NULL));
}

static void nodes(struct told *t, struct hands *h, struct wn *w)
{
	const struct wn_sqe nop = { .opcode = WN_OP_NOP };
	struct wn_query_it query;
	struct wn_filter all = {};
	__u8 digest[WN_DIGEST_BYTES];

	TRY(wn_do, DEAD, (w, &nop, NULL, NULL));
	TRY(wn_do_group, DEAD, (w, &nop, 1, NULL));
	TRY(wn_create, DEAD, (w, 0, "x"));
	TRY(wn_create_as, DEAD, (w, 0, "x", 0, 0, 0));
	TRY(wn_destroy, DEAD, (w, h->node));
	TRY(wn_move, DEAD, (w, h->node, 0));
	TRY(wn_rename, DEAD, (w, h->node, "y"));
	TRY(wn_set_type, DEAD, (w, h->node, 1));
	TRY(wn_set_state, DEAD, (w, h->node, 1));
	TRY(wn_set_tags, DEAD, (w, h->node, 1));
	TRY(wn_set_word, DEAD, (w, h->node, 0, 1));
	TRY(wn_find, DEAD, (w, 0, "n"));
	NIL(wn_query_next, (&h->query));
	TRY(wn_query_end, 0, (&h->query));
	TRY(wn_query_begin, DEAD, (w, &query, 0, &all));
	NIL(wn_query_next, (&query));
	TRY(wn_digest, DEAD, (w, digest));
	TRY(wn_digest_merge, DEAD, (w, h->node, digest));
}

static void cells(struct told *t, struct hands *h, struct wn *w)
{
	const __u64 n = h->node, c = h->counter, s = h->set;
	struct wn_cell_it list;
	char bytes[64];
	__u64 cursor = 0;

	TRY(wn_cell_create, DEAD, (w, n, 9, WN_CELL_LWW, 0));
	TRY(wn_cell_destroy, DEAD, (w, n, c));
	TRY(wn_cell_add, DEAD, (w, n, c, 1));
	TRY(wn_cell_sub, DEAD, (w, n, c, 1));
	TRY(wn_cell_put, DEAD, (w, n, s, WN_CELL_ADD, "k", 1, NULL, 0));
	TRY(wn_cell_get, DEAD, (w, n, s, "k", 1, bytes, sizeof(bytes)));
	TRY(wn_cell_has, DEAD, (w, n, s, "k", 1));
	TRY(wn_cell_rights, DEAD, (w, n, h->escrow));
	NIL(wn_cell_list_next, (&h->list, NULL, NULL));
	TRY(wn_cell_list_end, 0, (&h->list));
	TRY(wn_cell_list_begin, DEAD, (w, &list, n, s));
	NIL(wn_cell_list_next, (&list, NULL, NULL));
	TRY(wn_sample, DEAD, (w, n, c));
	TRY(wn_sample_all, DEAD, (w));
	TRY(wn_vector, DEAD, (w, n, s, bytes, sizeof(bytes)));
	TRY(wn_delta, DEAD, (w, n, s, NULL, 0, bytes, sizeof(bytes), &cursor));
	TRY(wn_merge, DEAD, (w, n, s, bytes, sizeof(bytes)));
	TRY(wn_counter_attach, DEAD, (&h->slot2, w, n, c));
	TRY(wn_counter_add, DEAD, (&h->slot, 1));
	TRY(wn_counter_detach, DEAD, (&h->slot, NULL));
	TRY(wn_escrow_attach, DEAD, (&h->rights2, w, n, h->escrow));
	TRY(wn_escrow_take, DEAD, (&h->rights, 1));
	TRY(wn_escrow_left, 0, (&h->rights));
	TRY(wn_escrow_spend, DEAD, (&h->rights, 1));
	TRY(wn_escrow_give, DEAD, (&h->rights, 1));
	TRY(wn_escrow_detach, DEAD, (&h->rights, NULL));
}

static void events(struct told *t, struct hands *h, struct wn *w)
{
	struct wn_queue queue = {};
	struct wn_event reply;

	TRY(wn_bind, DEAD, (w, h->node, WN_POLICY_FAIL));
	TRY(wn_unbind, DEAD, (w, h->node));
	TRY(wn_emit, DEAD, (w, h->node, 0, 1, "x", 1));
	TRY(wn_emit_children, DEAD, (w, 0, 0, 1, "x", 1));
	TRY(wn_emit_subtree, DEAD, (w, 0, 0, 1, "x", 1));
	TRY(wn_bind_queue, DEAD, (w, h->node, &queue));
	TRY(wn_unbind_queue, DEAD, (w, h->node));
	TRY(wn_ack, DEAD, (w, h->node, 1));
	TRY(wn_nack, DEAD, (w, h->node, 1));
	TRY(wn_subscribe, DEAD, (w, 0, WN_SUB_STATE, 0));
	TRY(wn_unsubscribe, DEAD, (w, 1));
	TRY(wn_timer, DEAD, (w, h->node, 0, 1, 0, 0));
	TRY(wn_emit_at, DEAD, (w, h->node, 0, 1, "x", 1, 1));
	TRY(wn_cancel, DEAD, (w, 1));
	TRY(wn_call_begin, DEAD, (w, h->node, 0, 1, "x", 1, 1, 0));
	TRY(wn_call_wait, DEAD, (w, 1, &reply));
	TRY(wn_reply, DEAD, (w, 1, 1, "x", 1));
	TRY(wn_monitor, DEAD, (w, h->node, 0, 0));
	TRY(wn_link, DEAD, (w, h->node, h->node));
	TRY(wn_demonitor, DEAD, (w, 1));
	TRY(wn_loop_once, DEAD, (&h->loop, 0));
	TRY(wn_loop_run, DEAD, (&h->loop));
	/* Of a table in the program's memory. */
	VOID(wn_loop_stop, (&h->loop));
	TRY(wn_loop_remove, 0, (&h->loop, &h->actor));
	TRY(wn_loop_add, 0, (&h->loop, &h->actor));
	VOID(wn_loop_init, (&h->loop, w));
}

static void caps(struct told *t, struct hands *h, struct wn *w)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_READ };
	const struct wn_token_ask ask = {};
	struct wn_token_got got;
	struct wn_token token = {};
	struct wn_cap_info info;
	__u32 index;

	TRY(wn_cap_grant, DEAD, (w, 0, h->node, 0, &grant, &index));
	TRY(wn_cap_export, DEAD, (w, 0, h->node, &grant, 1));
	TRY(wn_cap_redeem, DEAD, (w, 0, &index));
	TRY(wn_cap_revoke, DEAD, (w, 0, 1));
	TRY(wn_cap_read, DEAD, (w, 0, 0, &info));
	TRY(wn_token_make, DEAD, (w, 0, &ask, 1, &token));
	TRY(wn_token_redeem, DEAD, (w, &token, 1, &got));
	TRY(wn_token_epoch, DEAD, (w, 0, 0, 0, NULL));
}

/* Each end, in whichever state: those that sleep, wake, look, step, and end it. */
static void lane(struct told *t, struct wn_lane *l)
{
	__u64 lost, behind;
	__u32 len, seat;
	char bytes[64];
	__u16 type;

	NIL(wn_lane_reserve, (l, 8));
	NIL(wn_lane_peek, (l, &len));
	TRY(wn_lane_error, DEAD, (l));
	TRY(wn_lane_commit, DEAD, (l));
	TRY(wn_lane_consume, DEAD, (l));
	TRY(wn_lane_ended, 1, (l));
	TRY(wn_lane_publish, WN_LANE_F_CLOSED, (l));
	TRY(wn_lane_publish_at, WN_LANE_F_CLOSED, (l, l->pos));
	TRY(wn_lane_credit, 0, (l, 8));
	TRY(wn_lane_more, 0, (l));
	NIL(wn_lane_step, (l, &len));
	TRY(wn_lane_heed, DEAD, (l));
	TRY(wn_lane_wake, DEAD, (l));
	TRY(wn_lane_gone, DEAD, (l));
	TRY(wn_lane_broken, DEAD, (l));
	VOID(wn_lane_rewind, (l));
	TRY(wn_lane_wait, DEAD, (l, 0, 0));
	TRY(wn_lane_arm, DEAD, (l, 0));
	TRY(wn_fan_put, DEAD, (l, "x", 1, 0));
	TRY(wn_fan_send, DEAD, (l, "x", 1, 0));
	TRY(wn_fan_read, DEAD, (l, bytes, sizeof(bytes), &type, &lost));
	TRY(wn_fan_slowest, DEAD, (l, &seat, &behind));
	TRY(wn_fan_evict, DEAD, (l, 0));
}

static void set(struct told *t, struct wn_lane_set *s)
{
	struct wn_lane *from, *l = s->lane[0];
	__u32 len;

	TRY(wn_lane_set_wait, DEAD, (s, 0));
	/* Where there is no fd that could tell it, that is said first. */
	TRY(wn_lane_set_arm, s->wn && s->wn->fd >= 0 ? DEAD : -EOPNOTSUPP, (s));
	NIL(wn_lane_set_next, (s, &from, &len));
	TRY(wn_lane_set_del, 0, (s, l));
	TRY(wn_lane_set_add, 0, (s, l));
	VOID(wn_lane_set_end, (s));
	VOID(wn_lane_set_init, (s, NULL, 0));
}

static void loans(struct told *t, struct hands *h)
{
	struct wn_loans s;
	__u32 len, type;

	TRY(wn_loans_begin, DEAD, (&s, &h->lend_in, 512));
	NIL(wn_loans_get, (&h->lender));
	TRY(wn_loans_send, DEAD, (&h->lender, h->got, 8, 0));
	TRY(wn_loans_put, DEAD, (&h->lender, h->got));
	NIL(wn_loans_take, (&h->borrower, &len, &type));
	TRY(wn_loans_return, DEAD, (&h->borrower, h->taken));
	TRY(wn_loans_arm, DEAD, (&h->lender));
	TRY(wn_loans_arm, DEAD, (&h->borrower));
	TRY(wn_loans_wait, DEAD, (&h->lender, 0));
	TRY(wn_loans_wait, DEAD, (&h->borrower, 0));
}

static void lanes(struct told *t, struct hands *h, struct wn *w)
{
	struct wn_lane_list list = {};
	struct wn_lane other;
	__u32 i;

	for (i = 0; i < LANES; i++)
		lane(t, &h->lane[i]);
	lane(t, &h->lend_out);
	lane(t, &h->lend_in);
	set(t, &h->of_client);
	set(t, &h->of_memory);
	loans(t, h);
	TRY(wn_lane_connect, DEAD, (w, &other, h->node, 0, BYTES));
	TRY(wn_lane_accept, DEAD, (w, &other, NULL, 1));
	TRY(wn_lanes, DEAD, (w, &list));
	TRY(wn_lanes_wait, DEAD, (w, 1));
	TRY(wn_fan_make, DEAD, (w, &other, h->node, 0, BYTES, 1, 0));
	TRY(wn_fan_join, DEAD, (w, &other, h->node, 0, 0));
	for (i = 0; i < LANES; i++)
		VOID(wn_lane_close, (&h->lane[i]));
}

static void all_calls(struct told *t, struct hands *h)
{
	rings(t, &h->a);
	reads(t, h, &h->a);
	nodes(t, h, &h->a);
	cells(t, h, &h->a);
	events(t, h, &h->a);
	caps(t, h, &h->a);
	lanes(t, h, &h->a);
	/* An engine in the parent cannot be reached from here. */
	TRY(wn_reopen, wt_is_embedded() ? DEAD : 0, (&h->fresh));
	VOID(wn_close, (&h->fresh));
	VOID(wn_close, (&h->b));
	VOID(wn_close, (&h->a));
}

/* A child that goes on where the one before died: whether it came to the end. */
static bool run(struct told *t, struct hands *h)
{
	int status;
	pid_t pid;

	t->from = t->at;
	t->at = 0;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		all_calls(t, h);
		t->ended = 1;
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && t->ended;
}

/* What the parent's ends say to their peers: no child may have touched it. */
static __u64 trace_of(const struct hands *h)
{
	__u64 sum = 0;
	__u32 i;

	for (i = 0; i < LANES; i++)
		sum += h->lane[i].own->pos + h->lane[i].own->bell + h->lane[i].own->flags;
	return sum + h->a.user->sq_tail + h->a.user->cq_head + h->a.user->inbox_head[0] +
	       *h->slot.word;
}

TEST_F(forked, every_call)
{
	struct told *t = ws_shared(sizeof(*t));
	const __u64 trace = trace_of(&self->h);
	int died = 0;

	ASSERT_NE(NULL, t);
	while (!run(t, &self->h) && died++ < 40)
		TH_LOG("%s: the child died", t->name);
	EXPECT_EQ(0, died);
	EXPECT_EQ(0, t->wrong) TH_LOG("%s: %lld, not %lld", t->first, t->said, t->want);
	EXPECT_LT(300, t->at);
	TH_LOG("%u calls", t->at);
	EXPECT_EQ(trace, trace_of(&self->h));
}

/* The parent's go on as if there had been no child. */
TEST_F(forked, parent_goes_on)
{
	struct told *t = ws_shared(sizeof(*t));
	struct hands *h = &self->h;
	const struct wn_cqe *cqe;
	__u64 value;
	__u32 len;

	ASSERT_NE(NULL, t);
	run(t, h);
	ASSERT_NE(NULL, wn_peek_event(&h->a));
	EXPECT_EQ(7, wn_peek_event(&h->a)->type);
	ASSERT_EQ(0, wn_wait_cqe(&h->a, &cqe, 0));
	EXPECT_EQ(1, cqe->user_data);
	EXPECT_EQ(1, wn_submit(&h->a));
	EXPECT_EQ(0, wn_counter_add(&h->slot, 5));
	ASSERT_EQ(0, wn_counter_read(&h->a, h->node, h->counter, &value));
	EXPECT_EQ(5, value);
	EXPECT_EQ(10, wn_escrow_left(&h->rights));
	EXPECT_EQ(0, wn_lane_commit(&h->lane[A_TO_B]));
	EXPECT_NE(NULL, wn_lane_peek(&h->lane[B_FROM_A], &len));
	EXPECT_EQ(0, wn_loans_return(&h->borrower, h->taken));
	EXPECT_EQ(0, wn_loans_put(&h->lender, h->got));
}

WT_MAIN
