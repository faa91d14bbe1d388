// SPDX-License-Identifier: MIT
/* Counters and escrows in slots: plain stores, and sums that are right at each moment. */
#include "common.h"

#include <pthread.h>
#include <string.h>
#include <wn.h>

#include "harness.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

FIXTURE(slots)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
	__u64 node, counter, escrow;
	bool supported;
};

FIXTURE_SETUP(slots)
{
	struct wn_counter c;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "slots");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	self->node = (__u64)wn_create(&self->wn, 0, "node");
	self->counter = (__u64)wn_cell_create(&self->wn, self->node, 1, WN_CELL_PNCOUNTER, 0);
	self->escrow = (__u64)wn_cell_create(&self->wn, self->node, 2, WN_CELL_ESCROW, 0);
	ASSERT_FALSE(IS_ERROR(self->counter) || IS_ERROR(self->escrow));
	self->supported = self->wn.all_slots &&
			  !wn_counter_attach(&c, &self->wn, self->node, self->counter) &&
			  !wn_counter_detach(&c, NULL);
}

FIXTURE_TEARDOWN(slots)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

#define NEED_SLOTS							\
	do {								\
		if (!self->supported)					\
			SKIP(return, "this engine has no slots");	\
	} while (0)

TEST_F(slots, a_counter)
{
	struct wn *wn = &self->wn;
	struct wn_counter c, again;
	__u64 value, done, counted;

	NEED_SLOTS;
	EXPECT_LT(0, wn_cell_add(wn, self->node, self->counter, 100));
	ASSERT_EQ(0, wn_counter_attach(&c, wn, self->node, self->counter));
	EXPECT_EQ(-EBUSY, wn_counter_attach(&again, wn, self->node, self->counter));
	EXPECT_EQ(-ENXIO, wn_counter_add(&again, 1));
	done = wn->pub->stats[WN_STAT_SUBMITTED];
	EXPECT_EQ(0, wn_counter_add(&c, 5));
	EXPECT_EQ(0, wn_counter_add(&c, (__u64)-2));
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->counter, &value));
	EXPECT_EQ(103, value);
	/* None of it went to the engine. */
	EXPECT_EQ(done, wn->pub->stats[WN_STAT_SUBMITTED]);
	EXPECT_LT(0, wn_cell_add(wn, self->node, self->counter, 10));
	EXPECT_EQ(0, wn_counter_detach(&c, &counted));
	EXPECT_EQ(3, counted);
	EXPECT_EQ(-ENXIO, wn_counter_add(&c, 1));
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->counter, &value));
	EXPECT_EQ(113, value);
	/* What the slot holds from before counts nowhere. */
	ASSERT_EQ(0, wn_counter_attach(&c, wn, self->node, self->counter));
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->counter, &value));
	EXPECT_EQ(113, value);
	EXPECT_EQ(0, wn_counter_add(&c, 1));
	/* Nor is it lost with the client. */
	EXPECT_EQ(0, wn_reopen(wn));
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->counter, &value));
	EXPECT_EQ(114, value);
	/* The cell's end takes the slot along. */
	ASSERT_EQ(0, wn_counter_attach(&c, wn, self->node, self->counter));
	EXPECT_EQ(0, wn_cell_destroy(wn, self->node, self->counter));
	EXPECT_EQ(0, wn_counter_add(&c, 1));
	EXPECT_EQ(-ESTALE, wn_counter_detach(&c, NULL));
	EXPECT_EQ(-ESTALE, wn_counter_read(wn, self->node, self->counter, &value));
}

TEST_F(slots, an_escrow)
{
	struct wn *wn = &self->wn;
	struct wn_escrow e;
	__u64 left, spent;

	NEED_SLOTS;
	EXPECT_LT(0, wn_cell_add(wn, self->node, self->escrow, 100));
	ASSERT_EQ(0, wn_escrow_attach(&e, wn, self->node, self->escrow));
	EXPECT_EQ(-EDQUOT, wn_escrow_spend(&e, 1));
	EXPECT_EQ(-EDQUOT, wn_escrow_take(&e, 101));
	EXPECT_EQ(0, wn_escrow_take(&e, 60));
	EXPECT_EQ(60, wn_escrow_left(&e));
	EXPECT_EQ(0, wn_escrow_spend(&e, 50));
	EXPECT_EQ(-EDQUOT, wn_escrow_spend(&e, 11));
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->escrow, &left));
	EXPECT_EQ(50, left);
	EXPECT_EQ(-EDQUOT, wn_escrow_give(&e, 11));
	EXPECT_EQ(0, wn_escrow_give(&e, 4));
	EXPECT_EQ(6, wn_escrow_left(&e));
	EXPECT_EQ(44, wn_cell_rights(wn, self->node, self->escrow));
	EXPECT_EQ(0, wn_escrow_take(&e, 44));
	EXPECT_EQ(0, wn_escrow_spend(&e, 50));
	EXPECT_EQ(0, wn_escrow_left(&e));
	EXPECT_EQ(-EDQUOT, wn_escrow_take(&e, 1));
	EXPECT_EQ(0, wn_escrow_detach(&e, &spent));
	EXPECT_EQ(100, spent);
	EXPECT_EQ(-ENXIO, wn_escrow_spend(&e, 0));
	EXPECT_EQ(0, wn_cell_rights(wn, self->node, self->escrow));
}

/* ---- Many at a time. */

#define ADDERS	3
#define ADDS	20000

struct adder {
	const char *path;
	__u64 node, counter;
	__u64 added;		/* published after each add */
	int err;
};

/* Attached and detached again and again, with a client of its own now and then. */
static int add_on(struct adder *a, struct wn *wn)
{
	struct wn_counter c;
	int i, err;

	err = wn_counter_attach(&c, wn, a->node, a->counter);
	for (i = 0; !err && i < ADDS; i++) {
		err = wn_counter_add(&c, 1);
		__atomic_store_n(&a->added, a->added + 1, __ATOMIC_SEQ_CST);
		if (!err && i % 4 == 3)
			err = wn_counter_detach(&c, NULL);
		if (!err && i % 2000 == 1999)
			err = wn_reopen(wn);
		if (!err && i % 4 == 3)
			err = wn_counter_attach(&c, wn, a->node, a->counter);
	}
	/* The last slot is folded by the client's end. */
	return err;
}

static void *adder(void *arg)
{
	struct adder *a = arg;
	struct wn wn;

	int err = wn_open(&wn, a->path, NULL);

	if (!err) {
		err = add_on(a, &wn);
		wn_close(&wn);
	}
	__atomic_store_n(&a->err, err, __ATOMIC_RELAXED);
	return NULL;
}

static __u64 sum(const struct adder *a)
{
	__u64 n = 0;
	int i;

	for (i = 0; i < ADDERS; i++)
		n += __atomic_load_n(&a[i].added, __ATOMIC_SEQ_CST);
	return n;
}

TEST_F(slots, sums_are_right_at_each_moment)
{
	struct adder a[ADDERS] = {};
	struct wn *wn = &self->wn;
	__u64 before, value = 0;
	pthread_t thread[ADDERS];
	int i, err;

	NEED_SLOTS;
	for (i = 0; i < ADDERS; i++) {
		a[i] = (struct adder){ self->path, self->node, self->counter };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, adder, &a[i]));
	}
	do {
		before = sum(a);
		err = wn_counter_read(wn, self->node, self->counter, &value);
		if (err == -EAGAIN)
			continue;
		ASSERT_EQ(0, err);
		/* No add that was done before is missing; at most one a thread is ahead. */
		ASSERT_LE(before, value);
		ASSERT_GE(sum(a) + ADDERS, value);
		for (i = 0; i < ADDERS; i++)
			if (__atomic_load_n(&a[i].added, __ATOMIC_SEQ_CST) < ADDS)
				break;
	} while (i < ADDERS && !__atomic_load_n(&a[i].err, __ATOMIC_RELAXED));
	for (i = 0; i < ADDERS; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, a[i].err);
	}
	EXPECT_EQ(0, wn_counter_read(wn, self->node, self->counter, &value));
	EXPECT_EQ(ADDERS * ADDS, value);
}

/*
 * A region that no engine made, where a slot is attached and folded as fast as can
 * be: the value is 10 all the time, half of it in the record or in the slot.
 */
struct fake {
	struct wn_public pub;
	struct wn_cell_rec rec __attribute__((aligned(64)));
	struct wn_slot_line line __attribute__((aligned(64)));
	__u64 slots[8];
	struct wn_kern_ring kern;	/* of no entries: there is no engine to wait for */
	__u32 stop;
};

static void *fold(void *arg)
{
	struct wn_cell_slots *list;
	struct fake *f = arg;
	__u32 seq = 0, on, i;

	list = (void *)f->rec.bytes;
	for (on = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); on ^= 1) {
		__atomic_store_n(&f->rec.seq, ++seq, __ATOMIC_RELAXED);
		__atomic_store_n(&f->rec.value, on ? 5 : 10, __ATOMIC_RELEASE);
		__atomic_store_n(&list->first, on, __ATOMIC_RELEASE);
		__atomic_store_n(&f->rec.nr_slots, on, __ATOMIC_RELEASE);
		__atomic_store_n(&f->slots[0], on ? 5 : 1000, __ATOMIC_RELEASE);
		__atomic_store_n(&f->rec.seq, ++seq, __ATOMIC_RELEASE);
		/* Long enough for a reader to begin well. */
		for (i = 0; i < 60; i++)
			(void)__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

TEST(a_torn_sum_is_never_given)
{
	const __u64 cell = 1ULL << WN_HANDLE_INDEX_BITS;
	struct fake f = {
		.pub = {
			.root = 77,
			.areas = {
				[WN_AREA_CELLS] = { offsetof(struct fake, rec), sizeof(f.rec), 1 },
				[WN_AREA_SLOTS] = { offsetof(struct fake, line), sizeof(f.line), 1 },
			},
		},
		.rec = { .handle = cell, .node = 77, .type = WN_CELL_PNCOUNTER, .value = 10 },
	};
	__u32 alive = 1, i, read = 0;
	struct wn wn = {
		.alive = &alive, .kern = &f.kern, .pub = &f.pub, .all_slots = f.slots,
		.slot_bytes = sizeof(f.slots), .all_slots_bytes = sizeof(f.slots),
	};
	pthread_t thread;
	__u64 value;
	int err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, fold, &f));
	for (i = 0; i < 300000; i++) {
		err = wn_counter_read(&wn, 0, cell, &value);
		if (err == -EAGAIN)
			continue;
		ASSERT_EQ(0, err);
		ASSERT_EQ(10, value);
		read++;
	}
	__atomic_store_n(&f.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, read);
	/* And a list that goes in a circle, or out of the region, is no list. */
	f.rec.seq = 0;
	f.rec.nr_slots = 1;
	((struct wn_cell_slots *)f.rec.bytes)->first = 1;
	f.line.next[0] = 1;
	EXPECT_EQ(-EAGAIN, wn_counter_read(&wn, 0, cell, &value));
	f.line.next[0] = 1 << 16 | 1;
	EXPECT_EQ(-EAGAIN, wn_counter_read(&wn, 0, cell, &value));
	f.line.next[0] = 0xffff;
	EXPECT_EQ(-EAGAIN, wn_counter_read(&wn, 0, cell, &value));
}

static int in_child(void *arg)
{
	struct wn_escrow *e = arg;

	if (wn_counter_add(&e->slot, 1) != -EOWNERDEAD || wn_escrow_spend(e, 1) != -EOWNERDEAD)
		return 1;
	if (wn_escrow_left(e) || wn_escrow_take(e, 1) != -EOWNERDEAD)
		return 2;
	if (wn_escrow_give(e, 1) != -EOWNERDEAD || wn_escrow_detach(e, NULL) != -EOWNERDEAD)
		return 3;
	return 0;
}

TEST_F(slots, fork)
{
	struct wn_escrow e, copy;

	NEED_SLOTS;
	EXPECT_LT(0, wn_cell_add(&self->wn, self->node, self->escrow, 9));
	ASSERT_EQ(0, wn_escrow_attach(&e, &self->wn, self->node, self->escrow));
	EXPECT_EQ(0, wn_escrow_take(&e, 9));
	copy = e;
	EXPECT_EQ(0, wt_in_child(0, in_child, &copy));
	EXPECT_EQ(0, wn_escrow_spend(&e, 9));
}

WT_MAIN
