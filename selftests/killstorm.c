// SPDX-License-Identifier: MIT
/*
 * 32 clients add to one attached counter and create nodes, killed at random and begun
 * anew. Each notes what it is about to do and what it has done: what counts lies
 * between the two, no node is half made, and nothing of the dead is left.
 */
#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define WORKERS		32
#define KEPT		7	/* type of nodes that outlive who made them */
#define BOUND		8	/* type of those that go with it */
#define ADDS		64	/* between two nodes */

/* A worker's own notes: it alone writes them, and its killer reads them. */
struct notes {
	uint64_t intent, done;
	uint64_t made;		/* nodes, of either type */
	uint64_t lives;
	int64_t failed;		/* the first error that should not have been */
	uint64_t line;
	uint64_t pad[2];
};

struct shared {
	uint32_t stop;
	struct notes notes[WORKERS];
};

FIXTURE(killstorm)
{
	struct wt_mount m;
	char path[64];
	struct wn wn;
	struct shared *shared;
	__u64 top, cell;
	struct ws_dice dice;
	pid_t pids[WORKERS];
	uint32_t clients;	/* before the first worker */
};

FIXTURE_SETUP(killstorm)
{
	struct wn_domain_info info;
	__s64 res;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	strcpy(self->path, wt_path(&self->m, "storm"));
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	res = wn_create(&self->wn, 0, "top");
	ASSERT_FALSE(IS_ERROR(res));
	self->top = (__u64)res;
	res = wn_cell_create(&self->wn, self->top, 1, WN_CELL_GCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(res));
	self->cell = (__u64)res;
	self->shared = ws_shared(sizeof(*self->shared));
	ASSERT_NE(NULL, self->shared);
	ASSERT_EQ(0, wn_domain_info(self->path, &info));
	self->clients = info.clients;
}

FIXTURE_TEARDOWN(killstorm)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* ------------------------------------------------------------------ a worker */

static bool stopped(const struct shared *shared)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE);
}

/* Plain stores of a word each: who is killed between two has done the one. */
static void note(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

#define MUST(notes, res)							\
	do {									\
		__s64 res_ = (res);						\
		if (IS_ERROR(res_)) {						\
			note(&(notes)->line, __LINE__);				\
			note((uint64_t *)&(notes)->failed, (uint64_t)res_);	\
			_exit(1);						\
		}								\
	} while (0)

/* Its own directory; what an earlier life left there and was to be kept goes first. */
static __u64 settle(struct wn *wn, struct notes *notes, __u64 top, unsigned int number)
{
	__u64 left[64];
	char name[16];
	__s64 dir;
	int i, n;

	snprintf(name, sizeof(name), "w%u", number);
	dir = wn_find(wn, top, name);
	if (dir == -ENOENT)
		dir = wn_create_as(wn, top, name, KEPT, number, 0);
	MUST(notes, dir);
	n = wn_children(wn, (__u64)dir, left, 64);
	/* Others change the domain all the time: then the list is asked for again. */
	while (n == -EAGAIN)
		n = wn_children(wn, (__u64)dir, left, 64);
	MUST(notes, n);
	for (i = 0; i < n && i < 64; i++)
		if (wn_destroy(wn, left[i]) == -ESTALE)
			continue;	/* it went with its maker just now */
	return (__u64)dir;
}

/* Named, typed and marked by its number; the one before goes. */
static __u64 make_node(struct wn *wn, struct notes *notes, __u64 dir, __u64 before)
{
	const uint64_t n = notes->made;
	struct wn_sqe sqe = {}, data;
	char name[32];
	__s64 node;

	snprintf(name, sizeof(name), "n%llu", (unsigned long long)n);
	wn_prep_create(&sqe, &data, dir, name, n % 2 ? KEPT : BOUND, (__u32)n, ws_hash(n), 0);
	if (n % 2 == 0)
		sqe.op_flags = WN_CREATE_ON_DEATH(WN_DEATH_DESTROY);
	node = wn_do(wn, &sqe, &data, NULL);
	MUST(notes, node);
	note(&notes->made, n + 1);
	if (before)
		MUST(notes, wn_destroy(wn, before));
	return (__u64)node;
}

static void work(const char *path, struct shared *shared, unsigned int number, __u64 top,
		 __u64 cell)
{
	struct notes *notes = &shared->notes[number];
	struct wn_counter counter;
	__u64 dir, node = 0;
	struct wn wn;
	int err, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The number of one who died just now is free a moment later. */
	while ((err = wn_open(&wn, path, NULL)) == -ENOSPC)
		ws_sleep_us(1000);
	MUST(notes, err);
	note(&notes->lives, notes->lives + 1);
	MUST(notes, wn_counter_attach(&counter, &wn, top, cell));
	dir = settle(&wn, notes, top, number);
	/* A name that an earlier life may have taken and not counted. */
	note(&notes->made, notes->made + 1);
	while (!stopped(shared)) {
		for (i = 0; i < ADDS; i++) {
			note(&notes->intent, notes->intent + 1);
			MUST(notes, wn_counter_add(&counter, 1));
			note(&notes->done, notes->done + 1);
		}
		node = make_node(&wn, notes, dir, node);
	}
	MUST(notes, wn_counter_detach(&counter, NULL));
	wn_close(&wn);
	_exit(0);
}

/* ----------------------------------------------------------------- the storm */

static void begin(FIXTURE_DATA(killstorm) *self, unsigned int number)
{
	fflush(NULL);
	self->pids[number] = fork();
	if (!self->pids[number])
		work(self->path, self->shared, number, self->top, self->cell);
}

/* Each has to be as it was made: whole. Returns how many there are; below 0: one is not. */
static int look_at_nodes(struct wn *wn, __u64 dir, unsigned int number, const struct notes *notes)
{
	const struct wn_node_rec *rec;
	struct wn_query_it it;
	char name[WN_NAME_BYTES];
	int n = 0, err;

	err = wn_query_begin(wn, &it, dir, &(struct wn_filter){});
	while (!err && (rec = wn_query_next(&it))) {
		const uint64_t made = rec->state;

		if (rec->handle == dir) {
			err = rec->state == number && rec->type == KEPT ? 0 : -1;
			continue;
		}
		n++;
		snprintf(name, sizeof(name), "n%llu", (unsigned long long)made);
		if (rec->parent != dir || rec->type != KEPT || made % 2 != 1 ||
		    made > notes->made || rec->tags != ws_hash(made) ||
		    strcmp(name, (const char *)rec->name) || rec->owner == WN_OWNER_NONE ||
		    wn_lookup(wn, dir, name) != (__s64)rec->handle)
			err = -1;
	}
	if (wn_query_end(&it))
		err = -1;
	return err ? -1 : n;
}

static uint32_t clients_of(const char *path)
{
	struct wn_domain_info info;

	return wn_domain_info(path, &info) ? ~0U : info.clients;
}

static uint32_t nodes_of(const char *path)
{
	struct wn_domain_info info;

	return wn_domain_info(path, &info) ? ~0U : info.nodes;
}

static void storm(struct __test_metadata *_metadata, FIXTURE_DATA(killstorm) *self, uint32_t kills)
{
	uint64_t intent = 0, done = 0, lives = 0;
	__u64 value;
	uint32_t nodes = 2, i, killed;
	struct wn_cell_rec rec;
	char name[16];
	int status, n;
	__s64 dir;

	for (i = 0; i < WORKERS; i++)
		begin(self, i);
	for (killed = 0; killed < kills; killed++) {
		const unsigned int victim = ws_any(&self->dice, WORKERS);

		ws_sleep_us(ws_any(&self->dice, 3000));
		ASSERT_EQ(0, kill(self->pids[victim], SIGKILL));
		ASSERT_EQ(self->pids[victim], waitpid(self->pids[victim], &status, 0));
		/* Not by itself: then it says why. */
		EXPECT_TRUE(WIFSIGNALED(status))
			TH_LOG("worker %u: line %llu: %lld", victim,
			       (unsigned long long)self->shared->notes[victim].line,
			       (long long)self->shared->notes[victim].failed);
		if (!WIFSIGNALED(status))
			break;
		begin(self, victim);
	}
	/* Each comes to work before the end. */
	for (i = 0; i < WORKERS && !kills; i++)
		EXPECT_TRUE(WS_EVENTUALLY(
			__atomic_load_n(&self->shared->notes[i].made, __ATOMIC_SEQ_CST) > 3));
	__atomic_store_n(&self->shared->stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < WORKERS; i++) {
		struct notes *notes = &self->shared->notes[i];

		ASSERT_EQ(self->pids[i], waitpid(self->pids[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("worker %u: line %llu: %lld", i,
					    (unsigned long long)notes->line,
					    (long long)notes->failed);
		intent += notes->intent;
		done += notes->done;
		lives += notes->lives;
	}

	/* Nothing of the dead is left, whose end takes a moment. */
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(self->path) == self->clients));
	ASSERT_EQ(0, wn_cell_read_slow(&self->wn, self->top, self->cell, &rec));
	EXPECT_EQ(0, rec.nr_slots);
	ASSERT_EQ(0, wn_counter_read(&self->wn, self->top, self->cell, &value));
	TH_LOG("%u kills, %llu lives: done %llu, counted %llu, intended %llu", killed,
	       (unsigned long long)lives, (unsigned long long)done, (unsigned long long)value,
	       (unsigned long long)intent);
	EXPECT_LE(done, value);
	EXPECT_LE(value, intent);
	EXPECT_LE(intent - done, killed);
	EXPECT_LT(ADDS, done);

	/* And the nodes: the kept ones whole, the others gone. */
	for (i = 0; i < WORKERS; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		dir = wn_lookup(&self->wn, self->top, name);
		if (dir == -ENOENT)
			continue;	/* never lived long enough */
		ASSERT_FALSE(IS_ERROR(dir));
		n = -1;
		EXPECT_TRUE(WS_EVENTUALLY((n = look_at_nodes(&self->wn, (__u64)dir, i,
							    &self->shared->notes[i])) >= 0));
		EXPECT_LE(n, 3);
		nodes += 1 + (uint32_t)n;
	}
	EXPECT_TRUE(WS_EVENTUALLY(nodes_of(self->path) == nodes));
	EXPECT_EQ(nodes, nodes_of(self->path));
}

TEST_F_TIMEOUT(killstorm, kills, 1200)
{
	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	self->dice = ws_seed("killstorm");
	storm(_metadata, self, ws_rounds(1000, 150, 40));
}

TEST_F_TIMEOUT(killstorm, none, 300)
{
	uint64_t done = 0, intent = 0;
	__u64 value;
	int i;

	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	storm(_metadata, self, 0);
	for (i = 0; i < WORKERS; i++) {
		done += self->shared->notes[i].done;
		intent += self->shared->notes[i].intent;
	}
	ASSERT_EQ(0, wn_counter_read(&self->wn, self->top, self->cell, &value));
	EXPECT_EQ(done, value);
	EXPECT_EQ(intent, value);
}

/* -------------------------------------------------------- a hundred at a time */

#define HUNDRED	100

static int be_one_of_many(const char *path, unsigned int number, __u64 top, __u64 cell,
			  uint32_t rounds)
{
	struct wn_counter counter;
	const struct wn_event *event;
	struct wn_node_rec rec;
	char name[32];
	struct wn wn;
	__s64 own, node;
	uint32_t i;

	if (wn_open(&wn, path, NULL))
		return 1;
	snprintf(name, sizeof(name), "c%u", number);
	own = wn_create(&wn, top, name);
	if (IS_ERROR(own) || wn_bind(&wn, (__u64)own, WN_POLICY_FAIL) ||
	    wn_counter_attach(&counter, &wn, top, cell))
		return 2;
	for (i = 0; i < rounds; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		node = wn_create_as(&wn, (__u64)own, name, i, 0, 0);
		if (IS_ERROR(node) || wn_set_word(&wn, (__u64)node, 1, i) != 2)
			return 3;
		if (wn_node_read(&wn, (__u64)node, &rec) || rec.type != i || rec.user[1] != i)
			return 4;
		if (wn_counter_add(&counter, 3))
			return 5;
		if (wn_emit(&wn, (__u64)own, i % 4, i, NULL, 0) ||
		    wn_wait_event(&wn, &event, wn_deadline(60000000000ULL)) || event->type != i)
			return 6;
		wn_event_seen(&wn);
		if (wn_lookup(&wn, (__u64)own, name) != node || wn_destroy(&wn, (__u64)node))
			return 7;
	}
	if (wn_counter_detach(&counter, NULL))
		return 8;
	wn_close(&wn);
	return 0;
}

TEST_F_TIMEOUT(killstorm, a_hundred_clients, 600)
{
	const uint32_t rounds = ws_rounds(200, 20, 5);
	struct wn_bounds_query q;
	pid_t pids[HUNDRED];
	char path[64];
	struct wn wn;
	__s64 top, cell;
	__u64 value;
	int i, status;

	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	ASSERT_EQ(0, wn_bounds(self->m.dir, WN_BOUNDS_DEFAULT, &q));
	q.bounds.clients = 128;
	strcpy(path, wt_path(&self->m, "many"));
	ASSERT_EQ(0, wn_domain_create(path, 0600, &q.bounds));
	ASSERT_EQ(0, wn_open(&wn, path, NULL));
	top = wn_create(&wn, 0, "top");
	cell = wn_cell_create(&wn, (__u64)top, 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(top) || IS_ERROR(cell));
	fflush(NULL);
	for (i = 0; i < HUNDRED; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(be_one_of_many(path, (unsigned int)i, (__u64)top, (__u64)cell,
					     rounds));
	}
	for (i = 0; i < HUNDRED; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("client %d: %d", i, WEXITSTATUS(status));
	}
	EXPECT_TRUE(WS_EVENTUALLY(clients_of(path) == 1));
	ASSERT_EQ(0, wn_counter_read(&wn, (__u64)top, (__u64)cell, &value));
	EXPECT_EQ(3ULL * rounds * HUNDRED, value);
	EXPECT_TRUE(WS_EVENTUALLY(nodes_of(path) == 2 + HUNDRED));
	EXPECT_EQ(0, wn_domain_remove(path));
	wn_close(&wn);
}

WT_MAIN
