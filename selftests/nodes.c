// SPDX-License-Identifier: MIT
/*
 * Nodes through the rings: the core's ops in the kernel, and what of them a
 * reader sees without a system call.
 */
#include "common.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "harness.h"

FIXTURE(nodes)
{
	struct wt_mount m;
	struct wt_client c;
	const struct wn_public *pub;
	const struct wn_node_rec *recs;
};

FIXTURE_SETUP(nodes)
{
	const struct wn_region *r;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
	r = wt_region(&self->c.s, WN_REGION_PUBLIC);
	ASSERT_NE(NULL, r);
	self->pub = wt_mmap(self->c.fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);
	ASSERT_EQ(0, wt_err(self->pub));
	self->recs = (const void *)((const char *)self->pub +
				    self->pub->areas[WN_AREA_NODES].offset);
	ASSERT_EQ(sizeof(*self->recs), self->pub->areas[WN_AREA_NODES].stride);
}

FIXTURE_TEARDOWN(nodes)
{
	munmap((void *)self->pub, wt_region(&self->c.s, WN_REGION_PUBLIC)->bytes);
	wt_client_close(&self->c);
	wt_umount(&self->m);
}

/* Put an entry and, with a name, the slot that belongs to it. */
static struct wn_sqe *put(struct wt_client *c, uint32_t *at, uint8_t op, uint64_t node,
			  const char *name)
{
	struct wn_sqe *sqe = wt_sqe(c, *at);

	sqe->opcode = op;
	sqe->node = node;
	sqe->user_data = ++*at;
	if (name) {
		sqe->flags = WN_SQE_WIDE;
		strncpy((char *)wt_sqe(c, (*at)++), name, WN_NAME_BYTES);
	}
	return sqe;
}

/* Submit what was put, wait for all of it, and give the last result. */
static int64_t done(struct wt_client *c, uint32_t slots, uint32_t ops)
{
	int64_t res;

	wt_submit(c, slots);
	if (wt_enter(c, slots, ops) != (long)slots || wt_cq_ready(c) != ops)
		return -EPROTO;
	res = wt_cqe(c, ops - 1).res;
	wt_cq_seen(c, ops);
	return res;
}

static int64_t one(struct wt_client *c, uint8_t op, uint64_t node, const char *name)
{
	uint32_t at = 0;

	put(c, &at, op, node, name);
	return done(c, at, 1);
}

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

/* A record as the header says it is read. */
static int read_rec(const struct wn_node_rec *at, struct wn_node_rec *to)
{
	uint64_t *w = (uint64_t *)to;
	const uint64_t *from = (const uint64_t *)at;
	size_t i, tries;
	uint32_t seq;

	for (tries = 0; tries < 64; tries++) {
		seq = __atomic_load_n(&at->seq, __ATOMIC_ACQUIRE);
		for (i = 0; i < sizeof(*to) / 8; i++)
			w[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&at->seq, __ATOMIC_RELAXED) == seq)
			return 0;
	}
	return -EAGAIN;
}

TEST_F(nodes, seen_without_a_system_call)
{
	struct wt_client *c = &self->c;
	uint64_t epoch = self->pub->epoch;
	struct wn_node_rec rec;
	struct wn_sqe *sqe;
	int64_t node;
	uint32_t at = 0;

	node = one(c, WN_OP_NODE_CREATE, 0, "alpha");
	ASSERT_FALSE(IS_ERROR(node));
	EXPECT_EQ(node, one(c, WN_OP_LOOKUP, 0, "alpha"));
	EXPECT_EQ(-EEXIST, one(c, WN_OP_NODE_CREATE, 0, "alpha"));
	EXPECT_EQ(-ENOENT, one(c, WN_OP_LOOKUP, 0, "beta"));

	ASSERT_EQ(0, read_rec(&self->recs[node & WN_HANDLE_INDEX_MASK], &rec));
	EXPECT_EQ((uint64_t)node, rec.handle);
	EXPECT_EQ(self->pub->root, rec.parent);
	EXPECT_EQ(0, strcmp("alpha", (const char *)rec.name));
	EXPECT_EQ(1, rec.version);

	sqe = put(c, &at, WN_OP_NODE_SET, node, NULL);
	sqe->op_flags = WN_SET_STATE | WN_SET_TAGS;
	sqe->w[0] = 7ULL << 32;
	sqe->w[1] = 0xf00d;
	EXPECT_EQ(2, done(c, at, 1));
	ASSERT_EQ(0, read_rec(&self->recs[node & WN_HANDLE_INDEX_MASK], &rec));
	EXPECT_EQ(7, rec.state);
	EXPECT_EQ(0xf00d, rec.tags);
	EXPECT_EQ(2, rec.version);
	EXPECT_EQ(0, self->pub->epoch & 1);
	EXPECT_LT(epoch, self->pub->epoch);
	EXPECT_LE(2, wt_info(c->fd).nodes);

	EXPECT_EQ(0, one(c, WN_OP_NODE_DESTROY, node, NULL));
	EXPECT_EQ(-ESTALE, one(c, WN_OP_NODE_DESTROY, node, NULL));
	ASSERT_EQ(0, read_rec(&self->recs[node & WN_HANDLE_INDEX_MASK], &rec));
	EXPECT_NE((uint64_t)node, rec.handle);
}

/* All or nothing: the second of the group fails, the first was never there. */
TEST_F(nodes, atomic_group)
{
	struct wt_client *c = &self->c;
	uint64_t epoch;
	uint32_t at = 0;

	ASSERT_FALSE(IS_ERROR(one(c, WN_OP_NODE_CREATE, 0, "taken")));
	epoch = self->pub->epoch;
	put(c, &at, WN_OP_NODE_CREATE, 0, "fresh")->flags |= WN_SQE_ATOMIC;
	put(c, &at, WN_OP_NODE_CREATE, 0, "taken");
	EXPECT_EQ(-EEXIST, done(c, at, 2));
	EXPECT_EQ(epoch, self->pub->epoch);
	EXPECT_EQ(-ENOENT, one(c, WN_OP_LOOKUP, 0, "fresh"));

	at = 0;
	put(c, &at, WN_OP_NODE_CREATE, 0, "fresh")->flags |= WN_SQE_ATOMIC;
	put(c, &at, WN_OP_NODE_CREATE, 0, "free");
	EXPECT_FALSE(IS_ERROR(done(c, at, 2)));
	EXPECT_FALSE(IS_ERROR(one(c, WN_OP_LOOKUP, 0, "fresh")));
}

/* Until the bound is reached, and back; a destroyed subtree is freed in slices. */
TEST_F(nodes, full_and_empty_again)
{
	struct wt_client *c = &self->c;
	struct wn_domain_info info = wt_info(c->fd);
	uint32_t made = 0, turns;
	int64_t dir = 0, res = 0;
	char name[24];

	while (!IS_ERROR(res) && made <= info.bounds.nodes) {
		if (made % 1000 == 0) {
			snprintf(name, sizeof(name), "dir-%u", made);
			dir = res = one(c, WN_OP_NODE_CREATE, 0, name);
		} else {
			snprintf(name, sizeof(name), "task-%u", made);
			res = one(c, WN_OP_NODE_CREATE, dir, name);
		}
		made += !IS_ERROR(res);
	}
	EXPECT_EQ(-ENOSPC, res);
	EXPECT_EQ(info.bounds.nodes, wt_info(c->fd).nodes);
	while (made > 0) {
		made = (made - 1) / 1000 * 1000;
		snprintf(name, sizeof(name), "dir-%u", made);
		res = one(c, WN_OP_LOOKUP, 0, name);
		ASSERT_FALSE(IS_ERROR(res));
		EXPECT_EQ(0, one(c, WN_OP_NODE_DESTROY, res, NULL));
	}
	for (turns = 0; turns < 1000 && wt_info(c->fd).nodes > info.nodes; turns++)
		wt_nop(c, turns);
	EXPECT_EQ(info.nodes, wt_info(c->fd).nodes);
}

/* What must be refused, through the whole way down and back. */
TEST_F(nodes, unknown_and_out_of_reach)
{
	struct wt_client *c = &self->c;

	EXPECT_EQ(-ESTALE, one(c, WN_OP_NODE_DESTROY, 0x123456789abcdULL, NULL));
	EXPECT_EQ(-EINVAL, one(c, WN_OP_NODE_CREATE, 0, "a/b"));
	EXPECT_EQ(-EINVAL, one(c, WN_OP_NODE_CREATE, 0, ".."));
	EXPECT_EQ(-EBUSY, one(c, WN_OP_NODE_DESTROY, 0, NULL));
	EXPECT_EQ(-EOPNOTSUPP, one(c, WN_OP_MAX, 0, NULL));
}

WT_MAIN
