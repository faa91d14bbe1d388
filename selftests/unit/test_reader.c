// SPDX-License-Identifier: MIT
/*
 * A thread that reads public memory while the engine changes it: it never sees
 * half a record, half a group under one even epoch, or a wrong node for a name.
 *
 * Each change of a node writes its version, which the op knows beforehand, into
 * all four user words and the tags. Two nodes always change together, in a group.
 *
 * To write a record takes less time than to read it, so that two threads hardly
 * show what a missing odd seq does. A signal does: its handler reads in the midst
 * of whatever the engine was at.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "tap.h"
#include "world.h"

#define NODES 8

static struct world w;
static u64 handles[NODES];
static bool stop, enough;
static u64 reads, pairs, looks, torn_record, torn_pair, wrong_name;

static u64 epoch(int order)
{
	return __atomic_load_n(&((struct wn_public *)w.public)->epoch, order);
}

static bool is_whole(const struct wn_node_rec *rec)
{
	return rec->user[0] == rec->version && rec->user[1] == rec->version &&
	       rec->user[2] == rec->version && rec->user[3] == rec->version &&
	       rec->tags == rec->version;
}

static void *reader(void *arg)
{
	struct wn_node_rec a, b;
	u32 i = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		const u32 at = i++ % NODES, other = at ^ 1;
		u64 before = epoch(__ATOMIC_ACQUIRE), name;

		if (!world_read(w.public, handles[at] & WN_HANDLE_INDEX_MASK, &a) ||
		    !world_read(w.public, handles[other] & WN_HANDLE_INDEX_MASK, &b))
			continue;
		reads++;
		torn_record += !is_whole(&a) || !is_whole(&b);
		if (!(before & 1) && epoch(__ATOMIC_RELAXED) == before) {
			pairs++;
			torn_pair += a.version != b.version;
		}
		name = world_find(w.public, w.core->root, at & 1 ? "odd" : "even");
		looks += !!name;
		wrong_name += name && (name & WN_HANDLE_INDEX_MASK) <= NODES;
		if (reads > 1000 && pairs && looks)
			__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	}
	return arg;
}

static volatile u64 signals, met, torn_in_signal;

static void on_signal(int number)
{
	struct wn_node_rec rec;
	u32 i;

	signals++;
	for (i = 0; i < NODES; i++) {
		/* It only reads memory. NOLINTNEXTLINE(bugprone-signal-handler) */
		if (!world_read_once(w.public, handles[i] & WN_HANDLE_INDEX_MASK, &rec))
			met++;
		else
			torn_in_signal += !is_whole(&rec);
	}
}

static void change_pair(u32 at, u64 version)
{
	const struct wn_op_env env = { .client = 0, .now = &w.now };
	struct wn_sqe slots[4] = {
		[0] = { .opcode = WN_OP_NODE_SET, .flags = WN_SQE_ATOMIC | WN_SQE_WIDE,
			.op_flags = WN_SET_TAGS, .node = handles[at], .w = { 0, version } },
		[2] = { .opcode = WN_OP_NODE_SET, .flags = WN_SQE_WIDE,
			.op_flags = WN_SET_TAGS, .node = handles[at ^ 1], .w = { 0, version } },
	};
	const u64 user[4] = { version, version, version, version };
	struct wn_op_result results[2];

	memcpy(&slots[1], user, sizeof(user));
	memcpy(&slots[3], user, sizeof(user));
	if (!wn_op_apply_group(w.core, &env, slots, 2, results))
		tap_die("a change was refused");
}

int main(void)
{
	const struct wn_bounds bounds = world_bounds(64);
	u64 changes, versions[NODES] = {}, n;
	pthread_t thread;
	char name[8];
	u32 i;

	tap_plan(6);
	world_init(&w, &bounds, tap_seed());
	for (i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		handles[i] = (u64)world_create(&w, 0, name);
		versions[i] = 1;
	}
	for (i = 0; i < NODES; i += 2) {
		change_pair(i, 2);
		versions[i] = versions[i + 1] = 2;
	}
	if (pthread_create(&thread, NULL, reader, NULL))
		tap_die("no thread");
	n = 300000 * tap_rounds();
	/* On a busy machine the reader may get no CPU for long: then go on for it. */
	for (changes = 0; changes < n ||
	     (!__atomic_load_n(&enough, __ATOMIC_RELAXED) && changes < 100 * n); changes++) {
		const u32 at = changes % NODES;

		change_pair(at, ++versions[at & ~1u]);
		/* Names that come, change places in their bucket and go. */
		if (changes % 4 == 0) {
			const u64 odd = (u64)world_create(&w, 0, "odd");
			const u64 even = (u64)world_create(&w, 0, "even");

			world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = odd), NULL);
			world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = even), NULL);
		}
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 50 }, { 0, 50 } }, NULL);
	for (changes = 0; met < 20 * tap_rounds() && changes < 50000000; changes++)
		change_pair(changes % NODES, ++versions[changes % NODES & ~1u]);
	setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
	diag("%llu reads, %llu pairs under one epoch, %llu names found", reads, pairs, looks);
	ok(reads > 1000 && pairs && looks, "there was something to see");
	ok(!torn_record, "no half record");
	ok(!torn_pair, "no half group");
	ok(!wrong_name, "no wrong name");
	diag("%llu signals, %llu met a record that was being written", signals, met);
	ok(met, "signals came in the midst of it");
	ok(!torn_in_signal, "and saw no half record");
	world_deinit(&w);
	return tap_done();
}
