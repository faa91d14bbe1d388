// SPDX-License-Identifier: MIT
/*
 * The library's calls on nodes and cells: waiting ones, prepared ones, and reads
 * without a system call, each held against the engine's own answer.
 */
#include "common.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <wn.h>

#include "harness.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

FIXTURE(calls)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
};

FIXTURE_SETUP(calls)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "calls");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
}

FIXTURE_TEARDOWN(calls)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

#define NEED_ARENA							\
	do {								\
		if (!self->wn.out.bytes)				\
			SKIP(return, "this engine has no arena");	\
	} while (0)

TEST_F(calls, a_tree)
{
	struct wn *wn = &self->wn;
	struct wn_node_rec rec;
	__s64 a, b;

	a = wn_create_as(wn, 0, "a", 7, 8, 9);
	ASSERT_FALSE(IS_ERROR(a));
	b = wn_create(wn, a, "b");
	ASSERT_FALSE(IS_ERROR(b));
	EXPECT_EQ(-EEXIST, wn_create(wn, 0, "a"));
	EXPECT_EQ(-EINVAL, wn_create(wn, 0, "x/y"));
	EXPECT_EQ(-ENAMETOOLONG, wn_create(wn, 0,
		"0123456789012345678901234567890123456789012345678901234567890123"));
	ASSERT_EQ(0, wn_node_read(wn, a, &rec));
	EXPECT_EQ((__u64)a, rec.handle);
	EXPECT_EQ(wn->pub->root, rec.parent);
	EXPECT_EQ(7, rec.type);
	EXPECT_EQ(8, rec.state);
	EXPECT_EQ(9, rec.tags);
	EXPECT_EQ(1, rec.nr_children);
	EXPECT_EQ(wn->client, rec.owner);

	EXPECT_LT(0, wn_set_state(wn, b, 1));
	EXPECT_LT(0, wn_set_type(wn, b, 2));
	EXPECT_LT(0, wn_set_tags(wn, b, 3));
	EXPECT_EQ(5, wn_set_word(wn, b, 3, 4));
	EXPECT_LT(0, wn_rename(wn, b, "c"));
	ASSERT_EQ(0, wn_node_read(wn, b, &rec));
	EXPECT_EQ(1, rec.state);
	EXPECT_EQ(2, rec.type);
	EXPECT_EQ(3, rec.tags);
	EXPECT_EQ(4, rec.user[3]);
	EXPECT_STREQ("c", (char *)rec.name);
	EXPECT_EQ(-ELOOP, wn_move(wn, a, b));
	EXPECT_LT(0, wn_move(wn, b, 0));
	EXPECT_EQ(b, wn_find(wn, 0, "c"));
	EXPECT_EQ(0, wn_destroy(wn, b));
	EXPECT_EQ(-ESTALE, wn_destroy(wn, b));
	EXPECT_EQ(-ESTALE, wn_node_read(wn, b, &rec));
	EXPECT_EQ(-EBUSY, wn_destroy(wn, 0));
}

TEST_F(calls, names_without_a_call)
{
	struct wn *wn = &self->wn;
	__s64 a, b, c;
	__u64 taken;
	char name[16];
	int i;

	a = wn_create(wn, 0, "a");
	b = wn_create(wn, a, "12345678");
	c = wn_create(wn, b, "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	ASSERT_FALSE(IS_ERROR(a) || IS_ERROR(b) || IS_ERROR(c));
	taken = wn->pub->stats[WN_STAT_SUBMITTED];
	EXPECT_EQ(a, wn_lookup(wn, 0, "a"));
	EXPECT_EQ(a, wn_lookup(wn, wn->pub->root, "a"));
	EXPECT_EQ(b, wn_lookup(wn, a, "12345678"));
	EXPECT_EQ(-ENOENT, wn_lookup(wn, a, "1234567"));
	EXPECT_EQ(-ENOENT, wn_lookup(wn, a, "a"));
	EXPECT_EQ(-ENOENT, wn_lookup(wn, b, "12345678"));
	EXPECT_EQ(-EINVAL, wn_lookup(wn, 0, "a/b"));
	EXPECT_EQ(-ESTALE, wn_lookup(wn, 0x1234567890abcULL, "a"));
	EXPECT_EQ(c, wn_path_lookup(wn, 0,
		"//a/12345678/123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/"));
	EXPECT_EQ(b, wn_path_lookup(wn, a, "12345678"));
	EXPECT_EQ((__s64)wn->pub->root, wn_path_lookup(wn, 0, "/"));
	EXPECT_EQ(-ENOENT, wn_path_lookup(wn, 0, "a/none/12345678"));
	/* None of it went to the engine. */
	EXPECT_EQ(taken, wn->pub->stats[WN_STAT_SUBMITTED]);
	/* As the engine finds them, each. */
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ASSERT_FALSE(IS_ERROR(wn_create(wn, a, name)));
	}
	for (i = 0; i < 510; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ASSERT_EQ(wn_find(wn, a, name), wn_lookup(wn, a, name));
	}
	EXPECT_EQ(0, wn_destroy(wn, a));
	EXPECT_EQ(-ENOENT, wn_lookup(wn, 0, "a"));
	EXPECT_EQ(-ESTALE, wn_lookup(wn, a, "n1"));
}

TEST_F(calls, children)
{
	__u64 handles[8] = {}, have[8];
	struct wn *wn = &self->wn;
	char name[] = "0";
	int i;

	EXPECT_EQ(0, wn_children(wn, 0, handles, 8));
	for (i = 0; i < 5; i++) {
		name[0] = (char)('0' + i);
		have[i] = (__u64)wn_create(wn, 0, name);
	}
	ASSERT_EQ(5, wn_children(wn, 0, handles, 8));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(have[4 - i], handles[i]);
	memset(handles, 0, sizeof(handles));
	EXPECT_EQ(5, wn_children(wn, 0, handles, 2));
	EXPECT_EQ(have[3], handles[1]);
	EXPECT_EQ(0, handles[2]);
	EXPECT_EQ(0, wn_children(wn, have[0], handles, 8));
	EXPECT_EQ(0, wn_destroy(wn, have[0]));
	EXPECT_EQ(-ESTALE, wn_children(wn, have[0], handles, 8));
	EXPECT_EQ(4, wn_children(wn, 0, handles, 8));
}

/* What a waiting call leaves in the ring is nobody's business but the library's. */
TEST_F(calls, among_completions_of_others)
{
	struct wn *wn = &self->wn;
	const struct wn_cqe *cqe;
	unsigned int n = 0;
	__u32 pos;
	int i;

	for (i = 0; i < 3; i++) {
		wn_prep_nop(wn_get_sqe(wn), (__u64)i);
		/* Submits the one before, and answers behind it. */
		ASSERT_EQ(-ENOENT, wn_find(wn, 0, "none"));
	}
	wn_prep_nop(wn_get_sqe(wn), 3);
	ASSERT_EQ(1, wn_submit_and_wait(wn, 4, wn_deadline(1000000000)));
	wn_for_each_cqe(wn, pos, cqe)
		EXPECT_EQ(n++, cqe->user_data);
	EXPECT_EQ(4, n);
	wn_cq_advance(wn, 2);
	cqe = wn_peek_cqe(wn);
	ASSERT_NE(NULL, cqe);
	EXPECT_EQ(2, cqe->user_data);
	wn_cqe_seen(wn);
	ASSERT_EQ(0, wn_wait_cqe_timeout(wn, &cqe, 1000000000));
	EXPECT_EQ(3, cqe->user_data);
	wn_cqe_seen(wn);
	EXPECT_EQ(NULL, wn_peek_cqe(wn));
	EXPECT_EQ(0, wn->cq_own);
	EXPECT_EQ(wn->kern->cq_tail, wn->cq_head);
	EXPECT_EQ(-ETIME, wn_wait_cqe_timeout(wn, &cqe, 1000000));
}

/* Nor does it wait for ever where nobody reads. */
TEST_F(calls, a_full_ring_is_said)
{
	struct wn *wn = &self->wn;
	struct wn_sqe *sqe;
	__u64 i = 0;

	while (i < wn->cq_entries) {
		sqe = wn_get_sqe(wn);
		if (sqe)
			wn_prep_nop(sqe, i++);
		else	/* a thread may not have taken what was submitted */
			ASSERT_LE(!wt_is_polling(), wn_submit(wn));
	}
	EXPECT_EQ(-EBUSY, wn_find(wn, 0, "none"));
	ASSERT_LT(0, wn_submit(wn));
	EXPECT_EQ(-EBUSY, wn_find(wn, 0, "none"));
	ASSERT_NE(NULL, wn_peek_cqe(wn));
	wn_cqe_seen(wn);
	EXPECT_EQ(-ENOENT, wn_find(wn, 0, "none"));
	EXPECT_EQ(-EBUSY, wn_find(wn, 0, "none"));
	for (i = 1; wn_peek_cqe(wn); i++) {
		ASSERT_EQ(i, wn_peek_cqe(wn)->user_data);
		wn_cqe_seen(wn);
	}
	EXPECT_EQ(wn->cq_entries, i);
	EXPECT_EQ(-ENOENT, wn_find(wn, 0, "none"));
}

TEST_F(calls, prepared)
{
	struct wn *wn = &self->wn;
	const struct wn_cqe *cqe;
	struct wn_sqe *sqe;
	__s64 res[5], node;
	void *data = NULL;
	int i;

	/* A group of three, then one whose version is wrong, then one that is chained to it. */
	sqe = wn_get_sqe_wide(wn, &data);
	wn_prep_create(sqe, data, 0, "first", 1, 2, 4, 0);
	wn_sqe_flags(sqe, WN_SQE_ATOMIC);
	sqe = wn_get_sqe_wide(wn, &data);
	wn_prep_create(sqe, data, 0, "second", 1, 2, 4, 1);
	wn_sqe_flags(sqe, WN_SQE_ATOMIC);
	sqe = wn_get_sqe_wide(wn, &data);
	wn_prep_lookup(sqe, data, 0, "first", 2);
	sqe = wn_get_sqe(wn);
	wn_prep_set_state(sqe, 0, 5, 3);
	wn_sqe_if_version(sqe, 12345);
	wn_sqe_flags(sqe, WN_SQE_LINK);
	wn_prep_nop(wn_get_sqe(wn), 4);
	ASSERT_EQ(8, wn_submit_and_wait(wn, 5, 0));
	for (i = 0; i < 5; i++) {
		cqe = wn_peek_cqe(wn);
		ASSERT_NE(NULL, cqe);
		ASSERT_EQ((__u64)i, cqe->user_data);
		res[i] = cqe->res;
		wn_cqe_seen(wn);
	}
	EXPECT_FALSE(IS_ERROR(res[0]) || IS_ERROR(res[1]));
	EXPECT_EQ(res[0], res[2]);
	EXPECT_EQ(-EAGAIN, res[3]);
	EXPECT_EQ(-ECANCELED, res[4]);
	node = res[0];
	sqe = wn_get_sqe_wide(wn, &data);
	wn_prep_set_words(sqe, data, node, (const __u64[]){ 1, 2, 3, 4 }, 9);
	ASSERT_EQ(2, wn_submit_and_wait(wn, 1, 0));
	EXPECT_EQ(2, wn_peek_cqe(wn)->res);
	wn_cqe_seen(wn);
}

/* A group and its answers, while completions of others lie there unread. */
TEST_F(calls, a_group)
{
	struct wn *wn = &self->wn;
	struct wn_sqe slots[5] = { 0 };
	const struct wn_cqe *cqe;
	struct wn_cqe cqes[3];
	__u64 i, n;
	__u32 tail;

	wn_prep_create(&slots[0], &slots[1], 0, "first", 0, 0, 0, 0);
	wn_prep_set_word(&slots[2], 0, 0, 7, 0);
	wn_prep_create(&slots[3], &slots[4], 0, "second", 0, 0, 0, 0);
	wn_prep_nop(wn_get_sqe(wn), 0);
	ASSERT_EQ(0, wn_do_group(wn, slots, 5, cqes));
	EXPECT_EQ(cqes[0].res, wn_find(wn, 0, "first"));
	EXPECT_LT(0, cqes[1].res);
	EXPECT_EQ(cqes[2].res, wn_find(wn, 0, "second"));
	/* Half of it is there already: none. The same slots, whatever the library set in them. */
	wn_prep_create(&slots[0], &slots[1], 0, "third", 0, 0, 0, 0);
	EXPECT_EQ(-EEXIST, wn_do_group(wn, slots, 5, cqes));
	EXPECT_EQ(-ECANCELED, cqes[0].res);
	EXPECT_EQ(-EEXIST, cqes[2].res);
	EXPECT_EQ(-ENOENT, wn_find(wn, 0, "third"));
	EXPECT_EQ(0, wn_do_group(wn, slots, 3, NULL));
	EXPECT_FALSE(IS_ERROR(wn_find(wn, 0, "third")));
	/* What is no group. */
	EXPECT_EQ(-EINVAL, wn_do_group(wn, slots, 0, NULL));
	EXPECT_EQ(-EINVAL, wn_do_group(wn, slots, 4, NULL));
	EXPECT_EQ(-E2BIG, wn_do_group(wn, (struct wn_sqe[1024]){ 0 }, 1024, NULL));
	wn_sqe_flags(&slots[2], WN_SQE_LINK);
	EXPECT_EQ(-EINVAL, wn_do_group(wn, slots, 5, NULL));
	/* Others' completions are all there, and where they fill the ring that is said. */
	for (n = 1; (tail = wn->kern->cq_tail) - wn->cq_head < wn->cq_entries - 1; n++) {
		wn_prep_nop(wn_get_sqe(wn), n);
		ASSERT_LT(0, wn_submit(wn));
		/* A polling thread may be behind. */
		while (__atomic_load_n(&wn->kern->cq_tail, __ATOMIC_ACQUIRE) == tail)
			sched_yield();
	}
	EXPECT_EQ(-EBUSY, wn_do_group(wn, (struct wn_sqe[2]){ 0 }, 2, NULL));
	EXPECT_EQ(0, wn_do_group(wn, (struct wn_sqe[1]){ 0 }, 1, NULL));
	for (i = 0; (cqe = wn_peek_cqe(wn)); i++) {
		ASSERT_EQ(i, cqe->user_data);
		wn_cqe_seen(wn);
	}
	EXPECT_EQ(n, i);
	EXPECT_EQ(0, wn->cq_own);
}

/* One key, one node, however often it is tried. */
TEST_F(calls, idempotent)
{
	struct wn_sqe sqe = {}, data;
	struct wn *wn = &self->wn;
	__s64 first, again;
	struct wn_cqe cqe;

	wn_prep_create(&sqe, &data, 0, "once", 0, 0, 0, 0);
	wn_sqe_idem(&sqe, 77);
	first = wn_do(wn, &sqe, &data, &cqe);
	ASSERT_FALSE(IS_ERROR(first));
	EXPECT_EQ(0, cqe.flags & WN_CQE_AGAIN);
	again = wn_do(wn, &sqe, &data, &cqe);
	EXPECT_EQ(first, again);
	EXPECT_EQ(WN_CQE_AGAIN, cqe.flags & WN_CQE_AGAIN);
	wn_sqe_flags(&sqe, WN_SQE_QUIET);
	EXPECT_EQ(-EINVAL, wn_do(wn, &sqe, &data, NULL));
}

TEST_F(calls, counters)
{
	struct wn *wn = &self->wn;
	struct wn_cell_rec rec;
	__s64 node, up, both;
	__u64 value;

	node = wn_create(wn, 0, "n");
	up = wn_cell_create(wn, node, 1, WN_CELL_GCOUNTER, 0);
	both = wn_cell_create(wn, node, 2, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(up) || IS_ERROR(both));
	EXPECT_EQ(-EEXIST, wn_cell_create(wn, node, 2, WN_CELL_LWW, 0));
	EXPECT_EQ(up, wn_cell_find(wn, node, 1));
	EXPECT_EQ(both, wn_cell_find(wn, node, 2));
	EXPECT_EQ(-ENOENT, wn_cell_find(wn, node, 3));
	EXPECT_LT(0, wn_cell_add(wn, node, up, 40));
	EXPECT_LT(0, wn_cell_add(wn, node, up, 2));
	EXPECT_EQ(-EINVAL, wn_cell_sub(wn, node, up, 2));
	EXPECT_LT(0, wn_cell_sub(wn, node, both, 1));
	EXPECT_EQ(0, wn_counter_read(wn, node, up, &value));
	EXPECT_EQ(42, value);
	EXPECT_EQ(0, wn_counter_read(wn, node, both, &value));
	EXPECT_EQ(~0ULL, value);
	EXPECT_EQ(-ESTALE, wn_cell_read(wn, wn->pub->root, up, &rec));
	EXPECT_EQ(0, wn_cell_destroy(wn, node, up));
	EXPECT_EQ(-ESTALE, wn_counter_read(wn, node, up, &value));
	EXPECT_EQ(-ENOENT, wn_cell_find(wn, node, 1));
	EXPECT_EQ(both, wn_cell_find(wn, node, 2));
}

TEST_F(calls, registers)
{
	struct wn *wn = &self->wn;
	char big[300], back[300];
	__s64 node, cell;
	__u64 hlc;

	NEED_ARENA;
	memset(big, 'x', sizeof(big));
	node = wn_create(wn, 0, "n");
	cell = wn_cell_create(wn, node, 1, WN_CELL_LWW, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	EXPECT_EQ(0, wn_lww_read(wn, node, cell, back, sizeof(back), &hlc));
	EXPECT_EQ(0, hlc);
	EXPECT_LT(0, wn_cell_put(wn, node, cell, WN_CELL_SET, NULL, 0, "hello", 5));
	ASSERT_EQ(5, wn_lww_read(wn, node, cell, back, sizeof(back), &hlc));
	EXPECT_EQ(0, memcmp("hello", back, 5));
	EXPECT_EQ(wn_clock(wn), hlc);
	EXPECT_LT(0, wn_cell_put(wn, node, cell, WN_CELL_SET, NULL, 0, big, sizeof(big)));
	ASSERT_EQ(300, wn_lww_read(wn, node, cell, back, sizeof(back), NULL));
	EXPECT_EQ(0, memcmp(big, back, sizeof(big)));
	memset(back, 0, sizeof(back));
	EXPECT_EQ(300, wn_lww_read(wn, node, cell, back, 7, NULL));
	EXPECT_EQ('x', back[6]);
	EXPECT_EQ(0, back[7]);
	EXPECT_EQ(-E2BIG, wn_cell_put(wn, node, cell, WN_CELL_SET, NULL, 0, big,
				      WN_CELL_BYTES_MAX + 1));
}

TEST_F(calls, sets_and_maps)
{
	const struct wn_cell_item *item;
	struct wn *wn = &self->wn;
	const void *key, *val;
	struct wn_cell_it it;
	__s64 node, set, map;
	char name[16], value[16];
	bool seen[200] = {};
	int i, n = 0, at;

	NEED_ARENA;
	node = wn_create(wn, 0, "n");
	set = wn_cell_create(wn, node, 1, WN_CELL_ORSET, 0);
	map = wn_cell_create(wn, node, 2, WN_CELL_ORMAP, 0);
	ASSERT_FALSE(IS_ERROR(set) || IS_ERROR(map));
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_LT(0, wn_cell_put(wn, node, set, WN_CELL_ADD, name, strlen(name), NULL, 0));
	}
	EXPECT_EQ(1, wn_cell_has(wn, node, set, "17", 2));
	EXPECT_LT(0, wn_cell_put(wn, node, set, WN_CELL_REMOVE, "17", 2, NULL, 0));
	EXPECT_EQ(0, wn_cell_has(wn, node, set, "17", 2));
	EXPECT_EQ(-ENOENT, wn_cell_put(wn, node, set, WN_CELL_REMOVE, "17", 2, NULL, 0));
	ASSERT_EQ(0, wn_cell_list_begin(wn, &it, node, set));
	while ((item = wn_cell_list_next(&it, &key, NULL))) {
		snprintf(name, sizeof(name), "%.*s", item->key_len, (const char *)key);
		at = atoi(name);
		ASSERT_FALSE(seen[at]);
		seen[at] = true;
		n++;
	}
	EXPECT_EQ(0, wn_cell_list_end(&it));
	EXPECT_EQ(199, n);
	EXPECT_FALSE(seen[17]);

	EXPECT_LT(0, wn_cell_put(wn, node, map, WN_CELL_SET, "k", 1, "v", 1));
	EXPECT_LT(0, wn_cell_put(wn, node, map, WN_CELL_SET, "k", 1, "vw", 2));
	ASSERT_EQ(2, wn_cell_get(wn, node, map, "k", 1, value, sizeof(value)));
	EXPECT_EQ(0, memcmp("vw", value, 2));
	EXPECT_EQ(-ENOENT, wn_cell_get(wn, node, map, "l", 1, value, sizeof(value)));
	ASSERT_EQ(0, wn_cell_list_begin(wn, &it, node, map));
	item = wn_cell_list_next(&it, &key, &val);
	ASSERT_NE(NULL, item);
	EXPECT_EQ(0, memcmp("k", key, 1));
	EXPECT_EQ(0, memcmp("vw", val, 2));
	EXPECT_EQ(NULL, wn_cell_list_next(&it, NULL, NULL));
	EXPECT_EQ(0, wn_cell_list_end(&it));
	EXPECT_EQ(0, wn->in.used | wn->out.used);
}

TEST_F(calls, escrow)
{
	struct wn *wn = &self->wn;
	__s64 node, cell;
	__u64 left;

	node = wn_create(wn, 0, "n");
	cell = wn_cell_create(wn, node, 1, WN_CELL_ESCROW, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	EXPECT_LT(0, wn_cell_add(wn, node, cell, 10));
	EXPECT_LT(0, wn_cell_sub(wn, node, cell, 7));
	EXPECT_EQ(-EDQUOT, wn_cell_sub(wn, node, cell, 4));
	EXPECT_EQ(3, wn_cell_rights(wn, node, cell));
	EXPECT_EQ(0, wn_counter_read(wn, node, cell, &left));
	EXPECT_EQ(3, left);
}

TEST_F(calls, queries)
{
	struct wn_filter filter = { .flags = WN_FILTER_STATE, .state = 1 };
	const struct wn_node_rec *rec;
	struct wn *wn = &self->wn;
	struct wn_query_it it;
	__s64 dir, last = 0;
	char name[16];
	int i, n = 0;

	NEED_ARENA;
	dir = wn_create(wn, 0, "dir");
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "%d", i);
		last = wn_create_as(wn, dir, name, 0, i % 2, 0);
		ASSERT_FALSE(IS_ERROR(last));
	}
	ASSERT_EQ(0, wn_query_begin(wn, &it, dir, &filter));
	while ((rec = wn_query_next(&it))) {
		EXPECT_EQ(1, rec->state);
		EXPECT_EQ((__u64)dir, rec->parent);
		n++;
	}
	EXPECT_EQ(0, wn_query_end(&it));
	EXPECT_EQ(150, n);
	/* What changed since: one. */
	EXPECT_LT(0, wn_set_state(wn, last, 9));
	filter = (struct wn_filter){ .flags = WN_FILTER_SINCE, .since = it.until };
	ASSERT_EQ(0, wn_query_begin(wn, &it, 0, &filter));
	rec = wn_query_next(&it);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ((__u64)last, rec->handle);
	EXPECT_EQ(NULL, wn_query_next(&it));
	EXPECT_EQ(0, wn_query_end(&it));
	filter.flags = 1U << 30;
	ASSERT_EQ(0, wn_query_begin(wn, &it, 0, &filter));
	EXPECT_EQ(NULL, wn_query_next(&it));
	EXPECT_EQ(-EINVAL, wn_query_end(&it));
	EXPECT_EQ(0, wn->out.used);
}

/* Two cells of one domain as two replicas would: what one knows goes to the other. */
TEST_F(calls, deltas)
{
	struct wn *wn = &self->wn;
	char vector[512], delta[4096];
	__s64 node, cell, bytes, n;
	__u64 cursor = 0;

	NEED_ARENA;
	node = wn_create(wn, 0, "n");
	cell = wn_cell_create(wn, node, 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	EXPECT_LT(0, wn_cell_add(wn, node, cell, 5));
	n = wn_vector(wn, node, cell, vector, sizeof(vector));
	ASSERT_LT(0, n);
	bytes = wn_delta(wn, node, cell, NULL, 0, delta, sizeof(delta), &cursor);
	ASSERT_LT(0, bytes);
	EXPECT_EQ(0, cursor);
	/* Its own news are no news, and garbage is refused. */
	EXPECT_EQ(0, wn_merge(wn, node, cell, delta, (unsigned int)bytes));
	delta[0] ^= 0x55;
	EXPECT_EQ(-EINVAL, wn_merge(wn, node, cell, delta, (unsigned int)bytes));
	n = wn_delta(wn, node, cell, vector, (unsigned int)n, delta, sizeof(delta), &cursor);
	EXPECT_LE(0, n);
	EXPECT_LE(n, bytes);
	EXPECT_EQ(0, wn->in.used | wn->out.used);
}

TEST_F(calls, arenas)
{
	struct wn *wn = &self->wn;
	__u32 part, at[64], more;
	int i;

	NEED_ARENA;
	part = wn->out.bytes / 64;
	EXPECT_EQ(-E2BIG, wn_out_alloc(wn, wn->out.bytes + 1, &more));
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(0, wn_out_alloc(wn, i % 2 ? part : 1, &at[i]));
		EXPECT_EQ((__u32)i * part, at[i]);
	}
	EXPECT_EQ(-ENOSPC, wn_out_alloc(wn, 0, &more));
	wn_out_free(wn, at[5], 1);
	wn_out_free(wn, at[7], 1);
	EXPECT_EQ(-ENOSPC, wn_out_alloc(wn, part + 1, &more));
	wn_out_free(wn, at[6], part);
	EXPECT_EQ(0, wn_out_alloc(wn, 3 * part, &more));
	EXPECT_EQ(at[5], more);
	for (i = 0; i < 64; i++)
		wn_out_free(wn, at[i], 1);
	EXPECT_EQ(0, wn_out_alloc(wn, wn->out.bytes, &more));
	EXPECT_EQ(0, more);
	wn_out_free(wn, 0, wn->out.bytes);
	EXPECT_EQ(0, wn->out.used);
}

/* What is handed on is less, and can be taken back. */
TEST_F(calls, capabilities)
{
	const struct wn_grant look = { .rights = WN_RIGHT_READ };
	const struct wn_grant all = { .rights = WN_RIGHT_ALL };
	struct wn_sqe sqe = {}, data;
	struct wn *wn = &self->wn;
	struct wn_cap_info info;
	struct wn other;
	__s64 dir, in, out, grant;
	__u32 index = 0;

	NEED_ARENA;
	dir = wn_create(wn, 0, "dir");
	in = wn_create(wn, dir, "in");
	out = wn_create(wn, 0, "out");
	ASSERT_EQ(0, wn_open(&other, self->path, NULL));
	grant = wn_cap_grant(wn, 0, dir, other.client + 1, &look, &index);
	ASSERT_FALSE(IS_ERROR(grant));
	EXPECT_LT(0, index);
	ASSERT_EQ(0, wn_cap_read(wn, 0, grant, &info));
	EXPECT_EQ(WN_RIGHT_READ, info.rights);
	EXPECT_EQ((__u64)dir, info.node);

	wn_prep_lookup(&sqe, &data, 0, "in", 0);
	wn_sqe_cap(&sqe, (__u16)index);
	EXPECT_EQ(in, wn_do(&other, &sqe, &data, NULL));
	EXPECT_EQ(-EACCES, wn_cap_grant(&other, (__u16)index, 0, 0, &all, NULL));
	memset(&sqe, 0, sizeof(sqe));
	wn_prep_set_state(&sqe, in, 1, 0);
	wn_sqe_cap(&sqe, (__u16)index);
	EXPECT_EQ(-EACCES, wn_do(&other, &sqe, NULL, NULL));
	sqe.node = out;
	EXPECT_TRUE(IS_ERROR(wn_do(&other, &sqe, NULL, NULL)));
	EXPECT_EQ(0, wn_cap_revoke(wn, 0, grant));
	EXPECT_EQ(-EKEYREVOKED, wn_do(&other, &sqe, NULL, NULL));
	EXPECT_EQ(-ESTALE, wn_cap_revoke(wn, 0, grant));
	EXPECT_EQ(0, wn->out.used);
	wn_close(&other);
}

/* ---- Readers beside a writer. */

struct reader {
	const char *path;
	__u64 dir, node;
	__u32 stop;
	__u64 rounds;
	int err;
};

/*
 * The writer keeps these true at each moment: the two words of node are equal; dir
 * has one child called "here" or one called "there"; it has one child or two.
 */
static int look(struct wn *wn, const struct reader *r)
{
	struct wn_node_rec rec;
	__u64 handles[4];
	__s64 a, b;
	__u64 epoch;
	int n;

	if (wn_node_read(wn, r->node, &rec))
		return 1;
	if (rec.user[0] != rec.user[1])
		return 2;
	n = wn_children(wn, r->dir, handles, 4);
	if (n != -EAGAIN && n != 1 && n != 2)
		return 3;
	epoch = wn_epoch(wn);
	a = wn_lookup(wn, r->dir, "here");
	b = wn_lookup(wn, r->dir, "there");
	if ((IS_ERROR(a) && a != -ENOENT) || (IS_ERROR(b) && b != -ENOENT))
		return 4;
	/* At one moment: exactly one of them. */
	if (!(epoch & 1) && wn_epoch(wn) == epoch && IS_ERROR(a) == IS_ERROR(b))
		return 5;
	return 0;
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct wn wn;

	r->err = wn_open(&wn, r->path, NULL);
	if (r->err)
		return NULL;
	while (!r->err && !__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		r->err = look(&wn, r);
		__atomic_add_fetch(&r->rounds, 1, __ATOMIC_RELAXED);
	}
	wn_close(&wn);
	return NULL;
}

TEST_F(calls, readers_see_whole_states)
{
	struct reader r = { .path = self->path };
	struct wn *wn = &self->wn;
	struct wn_sqe sqe = {}, data;
	__s64 node, extra;
	pthread_t thread;
	__u64 i, words[4] = {};

	r.dir = (__u64)wn_create(wn, 0, "dir");
	node = wn_create(wn, r.dir, "here");
	r.node = (__u64)node;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_on, &r));
	for (i = 1; i < 3000 || !__atomic_load_n(&r.rounds, __ATOMIC_RELAXED); i++) {
		words[0] = words[1] = i;
		memset(&sqe, 0, sizeof(sqe));
		wn_prep_set_words(&sqe, &data, (__u64)node, words, 0);
		ASSERT_LT(0, wn_do(wn, &sqe, &data, NULL));
		ASSERT_LT(0, wn_rename(wn, node, i % 2 ? "there" : "here"));
		extra = wn_create(wn, r.dir, "extra");
		ASSERT_FALSE(IS_ERROR(extra));
		ASSERT_EQ(0, wn_destroy(wn, extra));
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.err);
}

/* Of a client whose turns are long and follow one another. */
static void *write_on(void *arg)
{
	const __u64 words[4] = {};
	struct reader *r = arg;
	struct wn_sqe *sqe;
	void *second;
	struct wn wn;
	__u32 i;

	r->err = wn_open(&wn, r->path, NULL);
	if (r->err)
		return NULL;
	while (r->err >= 0 && !__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < wn.sq_entries / 2; i++) {
			sqe = wn_get_sqe_wide(&wn, &second);
			if (!sqe)
				break;
			wn_prep_set_words(sqe, second, r->node, words, 0);
			sqe->flags |= WN_SQE_QUIET;
		}
		r->err = wn_submit(&wn);
		/* Quiet ones say only what went wrong. */
		if (r->err >= 0 && wn_peek_cqe(&wn))
			r->err = (int)wn_peek_cqe(&wn)->res;
		__atomic_add_fetch(&r->rounds, 1, __ATOMIC_RELAXED);
	}
	wn_close(&wn);
	return NULL;
}

/* Beside them each read of a list or a sum comes to an end. */
TEST_F(calls, reads_end_beside_long_turns)
{
	struct reader r = { .path = self->path };
	__u64 handles[4], sum, i, refused = 0;
	struct wn *wn = &self->wn;
	__s64 node, cell;
	pthread_t thread;
	cpu_set_t one;

	/* On one CPU, where it is taken from the writer at any moment of a turn. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));

	node = wn_create(wn, 0, "node");
	cell = wn_cell_create(wn, node, 7, WN_CELL_GCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	ASSERT_FALSE(IS_ERROR(wn_create(wn, node, "child")));
	r.node = (__u64)wn_create(wn, 0, "other");
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_on, &r));
	for (i = 0; i < 300 || __atomic_load_n(&r.rounds, __ATOMIC_RELAXED) < 50; i++) {
		sched_yield();
		refused += wn_cell_find(wn, node, 7) != cell;
		refused += wn_children(wn, node, handles, 4) != 1;
		refused += wn_counter_read(wn, node, cell, &sum) != 0;
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LE(0, r.err);
	EXPECT_EQ(0, refused);
}

/* In a forked child: each call says so, none dies. */
static int in_child(void *arg)
{
	struct wn *wn = arg;
	struct wn_query_it it;
	struct wn_node_rec rec;
	__u64 value, handles[1];
	__u32 offset;
	char byte;

	if (wn_create(wn, 0, "x") != -EOWNERDEAD || wn_find(wn, 0, "x") != -EOWNERDEAD)
		return 1;
	if (wn_lookup(wn, 0, "x") != -EOWNERDEAD || wn_path_lookup(wn, 0, "x") != -EOWNERDEAD)
		return 2;
	if (wn_node_read(wn, 1, &rec) != -EOWNERDEAD)
		return 3;
	if (wn_children(wn, 0, handles, 1) != -EOWNERDEAD || wn_cell_find(wn, 0, 1) != -EOWNERDEAD)
		return 4;
	if (wn_counter_read(wn, 0, 1, &value) != -EOWNERDEAD)
		return 5;
	if (wn_lww_read(wn, 0, 1, &byte, 1, NULL) != -EOWNERDEAD)
		return 6;
	if (wn_in_alloc(wn, 1, &offset) != -EOWNERDEAD || wn_epoch(wn) || wn_clock(wn))
		return 7;
	if (wn_query_begin(wn, &it, 0, NULL) != -EOWNERDEAD || wn_query_next(&it))
		return 8;
	if (wn_cell_put(wn, 0, 1, WN_CELL_SET, NULL, 0, "x", 1) != -EOWNERDEAD)
		return 9;
	return wn_query_end(&it) == -EOWNERDEAD ? 0 : 10;
}

TEST_F(calls, fork)
{
	struct wn copy = self->wn;

	EXPECT_EQ(0, wt_in_child(0, in_child, &copy));
	EXPECT_FALSE(IS_ERROR(wn_create(&self->wn, 0, "x")));
}

WT_MAIN
