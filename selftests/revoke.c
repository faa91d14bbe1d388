// SPDX-License-Identifier: MIT
/*
 * Revocation takes back: what was mapped by a right is nobody's once the revocation has
 * completed, in the client, in its forked children, under threads that use it; and a
 * program that goes through the library sees an errno, never a signal.
 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "pair.h"

#define ROUNDS	200

FIXTURE(revoke)
{
	struct wt_pair p;
};

FIXTURE_SETUP(revoke)
{
	struct wn_sqe sqe = {};

	ASSERT_EQ(0, wt_pair_open(&self->p));
	/* Whose events "all" reads. */
	wn_prep_bind(&sqe, self->p.node, WN_POLICY_FAIL, 0);
	ASSERT_EQ(0, wn_do(&self->p.all, &sqe, NULL, NULL));
}

FIXTURE_TEARDOWN(revoke)
{
	wt_pair_close(&self->p);
}

/* A capability for the other: its handle; *index: where it has it. */
static __s64 give(struct wn *all, struct wn *other, __u64 node, __u32 rights, __u32 *index)
{
	const struct wn_grant grant = { .rights = rights };
	__s64 handle = wn_cap_grant(all, 0, node, other->client + 1, &grant, index);

	/* Its inbox must not fill up with what it is told. */
	while (wn_peek_event(other))
		wn_event_seen(other);
	return handle;
}

/* A region of a client's, mapped once more, at the place that the header names. */
static void *map_shared(struct wn *like, struct wn *wn, __u32 type)
{
	__u32 i;

	for (i = 0; i < like->nr_regions; i++)
		if (like->regions[i].type == type)
			return wt_mmap(wn->fd, like->regions[i].offset, like->regions[i].bytes,
				       PROT_READ, MAP_SHARED);
	return (void *)-ENOENT;
}

static __u64 bytes_of(const struct wn *like, __u32 type)
{
	__u32 i;

	for (i = 0; i < like->nr_regions; i++)
		if (like->regions[i].type == type)
			return like->regions[i].bytes;
	return 0;
}

#define LOAD(p) __atomic_load_n(&(p), __ATOMIC_RELAXED)

TEST_F(revoke, public_state)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	const struct wn_public *pub, *again;
	const __u64 *slots;
	__u32 index, second;
	__s64 handle, kept;

	EXPECT_EQ(-EACCES, wt_err(map_shared(all, other, WN_REGION_PUBLIC)));
	handle = give(all, other, self->p.node, WN_RIGHT_READ, &index);
	EXPECT_EQ(-EACCES, wt_err(map_shared(all, other, WN_REGION_PUBLIC)));
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));

	handle = give(all, other, 0, WN_RIGHT_READ, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(handle));
	pub = map_shared(all, other, WN_REGION_PUBLIC);
	slots = map_shared(all, other, WN_REGION_ALL_SLOTS);
	ASSERT_EQ(0, wt_err(pub));
	ASSERT_EQ(0, wt_err(slots));
	all->slots[0] = 77;
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(pub->magic));
	EXPECT_EQ(77, LOAD(slots[all->client * all->slot_bytes / 8]));

	/* Another capability says the same: nothing is lost with the first. */
	kept = give(all, other, 0, WN_RIGHT_READ | WN_RIGHT_EMIT, &second);
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(pub->magic));
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)kept));
	EXPECT_EQ(0, LOAD(pub->magic));
	EXPECT_EQ(0, LOAD(slots[all->client * all->slot_bytes / 8]));
	EXPECT_EQ(-EACCES, wt_err(map_shared(all, other, WN_REGION_PUBLIC)));
	EXPECT_EQ(-EACCES, wt_err(map_shared(all, other, WN_REGION_ALL_SLOTS)));
	/* Nobody else lost it. */
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(all->pub->magic));

	/* Given again it is there again, in the old mapping, too. */
	handle = give(all, other, 0, WN_RIGHT_READ, &index);
	again = map_shared(all, other, WN_REGION_PUBLIC);
	ASSERT_EQ(0, wt_err(again));
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(again->magic));
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(pub->magic));
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	EXPECT_EQ(0, LOAD(again->magic));
	munmap((void *)again, bytes_of(all, WN_REGION_PUBLIC));
	munmap((void *)pub, bytes_of(all, WN_REGION_PUBLIC));
	munmap((void *)slots, bytes_of(all, WN_REGION_ALL_SLOTS));
}

/* As a revocation, when its time comes; nobody needs to enter for that. */
TEST_F(revoke, public_state_expires)
{
	struct wn_grant grant = { .rights = WN_RIGHT_READ, .expires = wn_deadline(200000000) };
	struct wn *all = &self->p.all, *other = &self->p.other;
	const struct wn_public *pub;
	int i;

	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(all, 0, 0, other->client + 1, &grant, NULL)));
	pub = map_shared(all, other, WN_REGION_PUBLIC);
	ASSERT_EQ(0, wt_err(pub));
	EXPECT_EQ(WN_PUBLIC_MAGIC, LOAD(pub->magic));
	for (i = 0; i < 2000 && LOAD(pub->magic); i++)
		usleep(5000);
	EXPECT_GE(wn_deadline(0), grant.expires);
	EXPECT_EQ(0, LOAD(pub->magic));
	munmap((void *)pub, bytes_of(all, WN_REGION_PUBLIC));
}

/* A child that kept the mapping is no way round. */
TEST_F(revoke, forked_child)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	const struct wn_public *pub;
	int to[2], from[2], status;
	char c = 0;
	__s64 handle;
	pid_t pid;

	handle = give(all, other, 0, WN_RIGHT_READ, NULL);
	pub = map_shared(all, other, WN_REGION_PUBLIC);
	ASSERT_EQ(0, wt_err(pub));
	ASSERT_EQ(0, madvise((void *)pub, bytes_of(all, WN_REGION_PUBLIC), MADV_DOFORK));
	ASSERT_EQ(0, pipe(to) | pipe(from));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		c = LOAD(pub->magic) == WN_PUBLIC_MAGIC;
		c = write(from[1], &c, 1) == 1 && read(to[0], &c, 1) == 1 && !LOAD(pub->magic);
		_exit(!c);
	}
	ASSERT_EQ(1, read(from[0], &c, 1));
	EXPECT_EQ(1, c);
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	ASSERT_EQ(1, write(to[1], &c, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	munmap((void *)pub, bytes_of(all, WN_REGION_PUBLIC));
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
}

/* All that the library reads without asking says that it was revoked. */
TEST_F(revoke, library_sees_an_errno)
{
	const __u32 look[WN_CLASSES] = { WN_RIGHT_READ, 0, 0 };
	struct wn_cell_rec cell_rec;
	struct wn_node_rec rec;
	struct wn_sqe sqe = {};
	__u64 value, handles[4];
	char text[8];
	__s64 cell, lww;
	struct wn wn;

	wn_prep_cell_create(&sqe, self->p.node, 1, WN_CELL_GCOUNTER, 0, 0);
	cell = wn_do(&self->p.all, &sqe, NULL, NULL);
	ASSERT_FALSE(WN_RES_IS_ERROR(cell));
	memset(&sqe, 0, sizeof(sqe));
	wn_prep_cell_create(&sqe, self->p.node, 2, WN_CELL_LWW, 0, 0);
	lww = wn_do(&self->p.all, &sqe, NULL, NULL);
	ASSERT_FALSE(WN_RES_IS_ERROR(lww));
	ASSERT_EQ(0, wn_domain_set_classes(self->p.path, look));
	ASSERT_EQ(0, wn_open(&wn, self->p.path, NULL));
	ASSERT_NE(NULL, wn.pub);
	EXPECT_EQ(0, wn_node_read(&wn, self->p.node, &rec));
	EXPECT_EQ(0, wn_counter_read(&wn, self->p.node, (__u64)cell, &value));
	EXPECT_EQ(1, wn_children(&wn, 0, handles, 4));
	ASSERT_EQ(0, wn_cap_revoke(&wn, 0, 0));
	EXPECT_EQ(-EKEYREVOKED, wn_node_read(&wn, self->p.node, &rec));
	EXPECT_EQ(-EKEYREVOKED, wn_cell_read(&wn, self->p.node, (__u64)cell, &cell_rec));
	EXPECT_EQ(-EKEYREVOKED, wn_counter_read(&wn, self->p.node, (__u64)cell, &value));
	EXPECT_EQ(-EKEYREVOKED,
		  wn_lww_read(&wn, self->p.node, (__u64)lww, text, sizeof(text), NULL));
	EXPECT_EQ(-EKEYREVOKED, wn_children(&wn, 0, handles, 4));
	EXPECT_EQ(-EKEYREVOKED, wn_children(&wn, self->p.node, handles, 4));
	EXPECT_EQ(-EKEYREVOKED, wn_cell_find(&wn, self->p.node, 1));
	EXPECT_EQ(-EKEYREVOKED, wn_lookup(&wn, 0, "n"));
	EXPECT_EQ(-EKEYREVOKED, wn_path_lookup(&wn, 0, "n"));
	EXPECT_EQ(-EKEYREVOKED, wn_path_lookup(&wn, 0, ""));
	wn_close(&wn);
}

/* ------------------------------------------------------------------ lanes */

static int lane_pair(struct wn *all, struct wn *other, __u64 node, __u32 cap, struct wn_lane *p,
		     struct wn_lane *c)
{
	int err = wn_lane_connect(other, p, node, cap, 1U << 16);

	return err ? err : wn_lane_accept(all, c, NULL, 0);
}

static int send_one(struct wn_lane *l, __u64 value)
{
	__u64 *at = wn_lane_reserve(l, sizeof(value));

	if (!at)
		return wn_lane_error(l) ? wn_lane_error(l) : -EAGAIN;
	*at = value;
	return wn_lane_commit(l);
}

TEST_F(revoke, lane_is_closed)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct wn_lane p, c, kept_p, kept_c;
	__u32 index, second, len;
	__s64 handle, kept;
	const __u64 *at;

	handle = give(all, other, self->p.node, WN_RIGHT_EMIT, &index);
	kept = give(all, other, self->p.node, WN_RIGHT_EMIT, &second);
	ASSERT_FALSE(WN_RES_IS_ERROR(handle) || WN_RES_IS_ERROR(kept));
	ASSERT_EQ(0, lane_pair(all, other, self->p.node, index, &p, &c));
	ASSERT_EQ(0, lane_pair(all, other, self->p.node, second, &kept_p, &kept_c));
	ASSERT_EQ(0, send_one(&p, 1));
	at = wn_lane_peek(&c, &len);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(1, *at);
	EXPECT_EQ(0, wn_lane_consume(&c));
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	/* What it still stores goes nowhere; what it is told is why. */
	EXPECT_EQ(0, LOAD(p.own->pos));
	EXPECT_EQ(-EKEYREVOKED, send_one(&p, 2));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&p));
	EXPECT_EQ(NULL, wn_lane_peek(&c, &len));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&c));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&p, 8, 0));
	EXPECT_TRUE(LOAD(p.state->flags) & WN_LANE_S_REVOKED);
	EXPECT_TRUE(LOAD(c.state->flags) & WN_LANE_S_REVOKED);
	wn_lane_close(&p);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_connect(other, &p, self->p.node, index, 1U << 16));
	/* The other lane is another capability's. */
	EXPECT_EQ(0, send_one(&kept_p, 3));
	at = wn_lane_peek(&kept_c, &len);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(3, *at);
	wn_lane_close(&c);
	wn_lane_close(&kept_p);
	wn_lane_close(&kept_c);
}

/*
 * A client's windows to read show nothing that is written to its windows to write, when
 * both were taken back, and when the lane is no more: who was given only the first hears
 * nothing of who has the second.
 */
TEST_F(revoke, lane_is_no_channel)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	const struct wn_lane_side *seen;
	struct wn_lane_side *said;
	struct wn_region to_read, to_write;
	const long page = sysconf(_SC_PAGESIZE);
	struct wn_lane p, c;
	__s64 handle;
	__u32 index;
	char *map;

	handle = give(all, other, self->p.node, WN_RIGHT_EMIT, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(handle));
	ASSERT_EQ(0, lane_pair(all, other, self->p.node, index, &p, &c));
	to_read = p.regions[0];
	to_write = p.regions[1];
	map = wt_mmap(other->fd, to_read.offset, to_read.bytes, PROT_READ, MAP_SHARED);
	said = wt_mmap(other->fd, to_write.offset, to_write.bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED);
	ASSERT_EQ(0, wt_err(map));
	ASSERT_EQ(0, wt_err(said));
	seen = (void *)(map + page);
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	said->pos = 4711;
	EXPECT_EQ(4711, LOAD(said->pos));
	EXPECT_EQ(0, LOAD(seen->pos));
	wn_lane_close(&p);
	said->pos = 4712;
	EXPECT_EQ(4712, LOAD(said->pos));
	EXPECT_EQ(0, LOAD(seen->pos));
	wn_lane_close(&c);
	munmap(map, to_read.bytes);
	munmap(said, to_write.bytes);
}

struct sleeper {
	struct wn_lane *lane;
	__u32 len;
	int err;
};

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;

	s->err = wn_lane_wait(s->lane, s->len, wn_deadline(60000000000ULL));
	return NULL;
}

TEST_F(revoke, lane_sleepers_wake)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct wn_lane p, c;
	struct sleeper s = { .lane = &c };
	pthread_t thread;
	__u32 index;
	__s64 handle;

	handle = give(all, other, self->p.node, WN_RIGHT_EMIT, &index);
	ASSERT_EQ(0, lane_pair(all, other, self->p.node, index, &p, &c));
	ASSERT_EQ(0, pthread_create(&thread, NULL, sleep_on, &s));
	usleep(50000);
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	pthread_join(thread, NULL);
	EXPECT_EQ(-EKEYREVOKED, s.err);
	wn_lane_close(&p);
	wn_lane_close(&c);
}

/* Revoked before it was accepted: it is accepted, and says so. */
TEST_F(revoke, lane_not_yet_accepted)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct wn_lane p, c;
	__u32 index, len;
	__s64 handle;

	handle = give(all, other, self->p.node, WN_RIGHT_EMIT, &index);
	ASSERT_EQ(0, wn_lane_connect(other, &p, self->p.node, index, 1U << 16));
	ASSERT_EQ(0, send_one(&p, 1));
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	ASSERT_EQ(0, wn_lane_accept(all, &c, NULL, 0));
	EXPECT_EQ(NULL, wn_lane_peek(&c, &len));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&c));
	wn_lane_close(&p);
	wn_lane_close(&c);
}

/* Who dies is not revoked: what it sent is read. */
TEST_F(revoke, death_is_no_revocation)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct wn_lane p, c;
	const __u64 *at;
	__u32 index, len;

	ASSERT_FALSE(WN_RES_IS_ERROR(give(all, other, self->p.node, WN_RIGHT_EMIT, &index)));
	ASSERT_EQ(0, lane_pair(all, other, self->p.node, index, &p, &c));
	ASSERT_EQ(0, send_one(&p, 42));
	/* As if killed: nothing is said, all mappings go. */
	munmap(p.maps[0], p.regions[0].bytes);
	munmap(p.maps[1], p.regions[1].bytes);
	wn_close(other);
	at = wn_lane_peek(&c, &len);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(42, *at);
	EXPECT_EQ(0, wn_lane_consume(&c));
	EXPECT_EQ(NULL, wn_lane_peek(&c, &len));
	EXPECT_EQ(-ENOLINK, wn_lane_error(&c));
	wn_lane_close(&c);
	ASSERT_EQ(0, wn_open(other, self->p.path, NULL));
}

/* ------------------------------------------------------------------ slots */

TEST_F(revoke, slot_is_folded)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct wn_sqe sqe = {};
	__s64 cell, handle, slot;
	__u64 value;
	__u32 index;

	wn_prep_cell_create(&sqe, self->p.node, 1, WN_CELL_GCOUNTER, 0, 0);
	cell = wn_do(all, &sqe, NULL, NULL);
	ASSERT_FALSE(WN_RES_IS_ERROR(cell));
	handle = give(all, other, self->p.node, WN_RIGHT_ATTACH, &index);
	memset(&sqe, 0, sizeof(sqe));
	wn_prep_attach(&sqe, self->p.node, (__u64)cell, 0);
	sqe.cap = (__u16)index;
	slot = wn_do(other, &sqe, NULL, NULL);
	ASSERT_EQ(0, slot);
	__atomic_store_n(&other->slots[slot], other->slots[slot] + 5, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, wn_counter_read(all, self->p.node, (__u64)cell, &value));
	EXPECT_EQ(5, value);
	ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
	__atomic_store_n(&other->slots[slot], other->slots[slot] + 1000, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, wn_counter_read(all, self->p.node, (__u64)cell, &value));
	EXPECT_EQ(5, value);
}

/* ------------------------------------------------------------------ storm */

struct storm {
	struct wn *other;
	const struct wn *all;
	const struct wn_public *pub;
	struct wn_lane *lane;
	__u64 node, cell;
	__u32 index;
	bool stop;
	__u64 looks, stores, odd;
};

/* Faults, all the time: what it reads is the domain, or nothing. */
static void *look_storm(void *arg)
{
	struct storm *s = arg;
	const __u64 bytes = bytes_of(s->all, WN_REGION_PUBLIC);
	__u64 magic;

	while (!LOAD(s->stop)) {
		magic = LOAD(s->pub->magic);
		s->odd += magic && magic != WN_PUBLIC_MAGIC;
		if (s->looks++ % 64 == 0)
			madvise((void *)s->pub, bytes, MADV_DONTNEED);
	}
	return NULL;
}

/* And stores, into a lane that may be gone at any of them. */
static void *store_storm(void *arg)
{
	struct storm *s = arg;
	int err;

	while (!LOAD(s->stop)) {
		err = send_one(s->lane, s->stores);
		s->odd += err && err != -EAGAIN && err != -EKEYREVOKED;
		s->stores++;
	}
	return NULL;
}

TEST_F(revoke, races_with_faults_and_stores)
{
	struct wn *all = &self->p.all, *other = &self->p.other;
	struct storm s = { .other = other, .all = all };
	pthread_t looker, storer;
	struct wn_lane p, c;
	__u32 index, len;
	__u64 late = 0;
	__s64 handle;
	int round;

	handle = give(all, other, 0, WN_RIGHT_READ, &index);
	s.pub = map_shared(all, other, WN_REGION_PUBLIC);
	ASSERT_EQ(0, wt_err(s.pub));
	ASSERT_EQ(0, pthread_create(&looker, NULL, look_storm, &s));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
		late += LOAD(s.pub->magic) != 0;
		handle = give(all, other, 0, WN_RIGHT_READ | WN_RIGHT_EMIT, &index);
		ASSERT_FALSE(WN_RES_IS_ERROR(handle)) TH_LOG("%lld", (long long)handle);
		s.odd += LOAD(s.pub->magic) != WN_PUBLIC_MAGIC;
		if (round % 4)
			continue;
		/* Each fourth time with a lane in full use. */
		ASSERT_EQ(0, lane_pair(all, other, self->p.node, index, &p, &c));
		s.lane = &p;
		__atomic_store_n(&s.stop, false, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_create(&storer, NULL, store_storm, &s));
		while (!wn_lane_peek(&c, &len) && !wn_lane_error(&c))
			sched_yield();
		EXPECT_EQ(0, wn_cap_revoke(all, 0, (__u64)handle));
		late += LOAD(c.peer->pos) != 0;
		while (wn_lane_peek(&c, &len))
			;
		EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&c));
		__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
		pthread_join(storer, NULL);
		pthread_join(looker, NULL);
		wn_lane_close(&p);
		wn_lane_close(&c);
		__atomic_store_n(&s.stop, false, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_create(&looker, NULL, look_storm, &s));
		handle = give(all, other, 0, WN_RIGHT_READ | WN_RIGHT_EMIT, &index);
		ASSERT_FALSE(WN_RES_IS_ERROR(handle));
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(looker, NULL);
	EXPECT_EQ(0, s.odd);
	EXPECT_EQ(0, late);
	EXPECT_LT(0, s.looks);
	EXPECT_LT(0, s.stores);
	munmap((void *)s.pub, bytes_of(all, WN_REGION_PUBLIC));
}

WT_MAIN
