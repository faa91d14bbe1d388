// SPDX-License-Identifier: MIT
/*
 * Ops with more bytes than a slot has: answers in the arena to the client, keys,
 * values and deltas from the other one, also while it is rewritten all the time.
 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

FIXTURE(arena)
{
	struct wt_mount m;
	struct wt_client c;
	uint8_t *in, *out;
};

FIXTURE_SETUP(arena)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
	self->in = wt_map(&self->c, WN_REGION_ARENA_IN);
	self->out = wt_map(&self->c, WN_REGION_ARENA_OUT);
	ASSERT_EQ(0, wt_err(self->in));
	ASSERT_EQ(0, wt_err(self->out));
}

FIXTURE_TEARDOWN(arena)
{
	wt_unmap(&self->c, WN_REGION_ARENA_IN, self->in);
	wt_unmap(&self->c, WN_REGION_ARENA_OUT, self->out);
	wt_client_close(&self->c);
	wt_umount(&self->m);
}

#define OP(wide, ...)	wt_op(c, &(struct wn_sqe){ __VA_ARGS__ }, wide)
#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define ROOM(bytes, at)	((uint64_t)(bytes) << 32 | (at))

static int64_t create(struct wt_client *c, const char *name)
{
	char slot[64] = {};

	strncpy(slot, name, sizeof(slot) - 1);
	return OP(slot, .opcode = WN_OP_NODE_CREATE);
}

static int64_t cell(struct wt_client *c, int64_t node, uint32_t type, uint64_t id)
{
	return OP(NULL, .opcode = WN_OP_CELL_CREATE, .node = node, .w = { id },
		  .op_flags = WN_CELL_NEW(type, 0));
}

TEST_F(arena, told_and_bounded)
{
	struct wn_query q = { .size = sizeof(q) };
	struct wt_client other;

	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_QUERY, &q));
	EXPECT_EQ(0x1fe, q.cell_types);
	EXPECT_EQ(16384, self->c.s.arena_in);
	EXPECT_EQ(16384, wt_region(&self->c.s, WN_REGION_ARENA_OUT)->bytes);
	EXPECT_EQ(0, wt_region(&self->c.s, WN_REGION_ARENA_OUT)->flags);
	EXPECT_EQ(WN_REGION_F_WRITE, wt_region(&self->c.s, WN_REGION_ARENA_IN)->flags);

	other = (struct wt_client){
		.s = { .size = sizeof(other.s), .arena_in = 1, .arena_out = WN_ARENA_MAX },
		.fd = wt_open(wt_path(&self->m, "d"), O_RDWR),
	};
	ASSERT_LE(0, other.fd);
	ASSERT_EQ(0, wt_ioctl(other.fd, WN_IOC_SETUP, &other.s));
	EXPECT_EQ(q.page_size, other.s.arena_in);
	EXPECT_EQ(WN_ARENA_MAX, wt_region(&other.s, WN_REGION_ARENA_OUT)->bytes);
	EXPECT_LT(self->c.s.bytes + WN_ARENA_MAX / 2, other.s.bytes);
	wt_client_close(&other);
}

TEST_F(arena, nodes_read_and_found)
{
	const struct wn_node_rec *rec = (const void *)(self->out + 64);
	const struct wn_found *found = (const void *)self->out;
	struct wt_client *c = &self->c;
	struct wn_filter filter = {};
	char name[16];
	int64_t node;
	int i;

	node = create(c, "alpha");
	ASSERT_FALSE(IS_ERROR(node));
	ASSERT_EQ(sizeof(*rec), OP(NULL, .opcode = WN_OP_NODE_READ, .node = node, .w = { 64 }));
	EXPECT_EQ((uint64_t)node, rec->handle);
	EXPECT_STREQ("alpha", (const char *)rec->name);
	EXPECT_EQ(-ENOBUFS, OP(NULL, .opcode = WN_OP_NODE_READ, .node = node,
			       .w = { 16384 - sizeof(*rec) + 8 }));
	EXPECT_EQ(-ENOBUFS, OP(NULL, .opcode = WN_OP_NODE_READ, .node = node, .w = { ~7ULL }));
	EXPECT_EQ(-EINVAL, OP(NULL, .opcode = WN_OP_NODE_READ, .node = node, .w = { 4 }));

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ASSERT_FALSE(IS_ERROR(create(c, name)));
	}
	/* The root, alpha, and the 100. */
	ASSERT_EQ(64, OP(&filter, .opcode = WN_OP_QUERY, .w = { 0, 64 }));
	ASSERT_NE(0, found->cursor);
	EXPECT_EQ(38, OP(&filter, .opcode = WN_OP_QUERY, .arg = found->cursor,
			 .w = { 0, 64, found->until }));
	EXPECT_EQ(0, found->cursor);
	EXPECT_EQ(38, found->count);
}

TEST_F(arena, long_values_there_and_back)
{
	struct wt_client *c = &self->c;
	int64_t node, lww;
	int i;

	node = create(c, "n");
	lww = cell(c, node, WN_CELL_LWW, 1);
	ASSERT_FALSE(IS_ERROR(lww));
	for (i = 0; i < 1000; i++)
		self->in[8 + i] = i * 7;
	EXPECT_EQ(2, OP(NULL, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = lww,
			.op_flags = WN_CELL_SET, .w = { 0, WN_CELL_ITEM(0, 1000, 8) }));
	EXPECT_EQ(1000, OP(NULL, .opcode = WN_OP_CELL_READ, .node = node, .arg = lww,
			   .op_flags = WN_CELL_READ_VALUE, .w = { ROOM(1024, 128) }));
	EXPECT_EQ(0, memcmp(self->in + 8, self->out + 128, 1000));
	/* The last that is inside, and one more. */
	EXPECT_EQ(3, OP(NULL, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = lww,
			.op_flags = WN_CELL_SET, .w = { 0, WN_CELL_ITEM(0, 1000, 15384) }));
	EXPECT_EQ(-EINVAL, OP(NULL, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = lww,
			      .op_flags = WN_CELL_SET, .w = { 0, WN_CELL_ITEM(0, 1000, 15385) }));
}

/* The delta of a set; joined to another one that is empty, by another client. */
static int64_t delta(struct wt_client *c, int64_t node, int64_t from)
{
	return OP(NULL, .opcode = WN_OP_CELL_DELTA, .node = node, .arg = from,
		  .w = { ROOM(8192, 0) });
}

static int64_t merge(struct wt_client *c, int64_t node, int64_t to, uint32_t bytes)
{
	return OP(NULL, .opcode = WN_OP_CELL_MERGE, .node = node, .arg = to,
		  .w = { ROOM(bytes, 0) });
}

static int fill(struct wt_client *c, int64_t node, int64_t set, int n)
{
	char key[64] = {};
	int i;

	for (i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		if (IS_ERROR(OP(key, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = set,
				.op_flags = WN_CELL_ADD, .w = { 0, WN_CELL_ITEM(7, 0, 0) })))
			return i;
	}
	return n;
}

TEST_F(arena, delta_of_its_own_is_known)
{
	struct wt_client *c = &self->c;
	const struct wn_cell_told *told = (const void *)self->out;
	int64_t node, a, bytes;

	node = create(c, "n");
	a = cell(c, node, WN_CELL_ORSET, 1);
	ASSERT_EQ(9, fill(c, node, a, 9));
	bytes = delta(c, node, a);
	ASSERT_LT(9 * 16, bytes);
	EXPECT_EQ((uint64_t)bytes, told->bytes);
	EXPECT_EQ(0, told->cursor);
	memcpy(self->in, told + 1, bytes);
	/* It knows all of that; and of nothing more of its own than it does. */
	EXPECT_EQ(0, merge(c, node, a, bytes));
	EXPECT_EQ(-EINVAL, merge(c, node, a, bytes - 8));
	EXPECT_EQ(-E2BIG, merge(c, node, a, WN_DELTA_BYTES_MAX + 8));
	EXPECT_EQ(-EPROTO, merge(c, node, cell(c, node, WN_CELL_ORSET, 2), bytes));
}

/* ------------------------------------------------------------- hostile */

struct scribbler {
	uint8_t *at;
	size_t bytes;
	int stop;
};

static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	unsigned int seed = 1;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		size_t i = (size_t)rand_r(&seed) % s->bytes;

		__atomic_store_n(&s->at[i], (uint8_t)rand_r(&seed), __ATOMIC_RELAXED);
	}
	return NULL;
}

/* What the engine reads may be anything: each op has a result, other cells stay right. */
TEST_F(arena, rewritten_while_it_is_read)
{
	struct scribbler s = { .at = self->in };
	struct wt_client *c = &self->c;
	int64_t node, set, lww, sum, bytes, res;
	uint8_t value[1024];
	pthread_t thread;
	int i;

	node = create(c, "n");
	set = cell(c, node, WN_CELL_ORSET, 1);
	lww = cell(c, node, WN_CELL_LWW, 2);
	sum = cell(c, node, WN_CELL_GCOUNTER, 3);
	ASSERT_EQ(16, fill(c, node, set, 16));
	bytes = delta(c, node, set);
	ASSERT_LT(0, bytes);
	s.bytes = bytes;
	memcpy(self->in, self->out + sizeof(struct wn_cell_told), bytes);
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &s));
	for (i = 0; i < 2000; i++) {
		if (i % 16 == 0)
			memcpy(self->in, self->out + sizeof(struct wn_cell_told), bytes);
		res = merge(c, node, set, bytes);
		EXPECT_TRUE(res == 0 || res == 1 || res == -EINVAL || res == -EPROTO ||
			    res == -EAGAIN || res == -ENOSPC || res == -E2BIG) {
			TH_LOG("merge: %lld", (long long)res);
		}
		ASSERT_LE(0, OP(NULL, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = lww,
				.op_flags = WN_CELL_SET, .w = { 0, WN_CELL_ITEM(0, 300, 0) }));
		ASSERT_LE(0, OP(NULL, .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = sum,
				.op_flags = WN_CELL_ADD, .w = { 1 }));
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	/* A value is a copy: it does not change any more, nor does what it is read into. */
	ASSERT_EQ(300, OP(NULL, .opcode = WN_OP_CELL_READ, .node = node, .arg = lww,
			  .op_flags = WN_CELL_READ_VALUE, .w = { ROOM(1024, 0) }));
	memcpy(value, self->out, 300);
	memset(self->in, 0xee, 16384);
	ASSERT_EQ(300, OP(NULL, .opcode = WN_OP_CELL_READ, .node = node, .arg = lww,
			  .op_flags = WN_CELL_READ_VALUE, .w = { ROOM(1024, 1024) }));
	EXPECT_EQ(0, memcmp(value, self->out + 1024, 300));
	ASSERT_EQ(sizeof(struct wn_cell_rec),
		  OP(NULL, .opcode = WN_OP_CELL_READ, .node = node, .arg = sum,
		     .op_flags = WN_CELL_READ_REC, .w = { ROOM(1024, 0) }));
	EXPECT_EQ(2000, ((const struct wn_cell_rec *)(const void *)self->out)->value);
}

WT_MAIN
