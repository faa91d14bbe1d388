// SPDX-License-Identifier: MIT
/*
 * Row 5: a board of tasks. Ours: nodes with names, made, changed and destroyed by ops in
 * the ring, 64 at a time; read from the mapped state. The baseline that the claim names:
 * malloc, a chained hash table, one mutex, two threads.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../peers/peers.h"
#include "../support/domain.h"
#include "../support/pair.h"
#include "../support/trace.h"
#include "rows.h"

#define BOARDS	64u		/* a node has 2,000 children at most */

static struct wn wn;
static uint64_t boards[BOARDS], *handles;
static uint32_t *touched;	/* by id: in which batch, if it is not done yet */

/* ------------------------------------------------------------------ ours */

struct batch {
	unsigned int most;	/* ops in it */
	unsigned int n;
	uint32_t number;
};

static void flush(struct batch *b)
{
	const struct wn_cqe *cqe;
	unsigned int seen = 0;
	__u32 pos;

	if (!b->n)
		return;
	good(wn_submit(&wn), "wn_submit");
	wn_for_each_cqe(&wn, pos, cqe) {
		const __u64 res = good(cqe->res, "a task's op");

		if (cqe->user_data < TRACE_IDS)
			handles[cqe->user_data] = res;
		seen++;
	}
	if (seen != b->n)
		bench_die("tasks: completions are missing");
	wn_cq_advance(&wn, seen);
	b->n = 0;
	b->number++;
}

/* An op whose task's last one is not done yet must wait for that one. */
static void order(struct batch *b, uint32_t id)
{
	if (touched[id] == b->number)
		flush(b);
}

static void add(struct batch *b, uint32_t id)
{
	touched[id] = b->number;
	if (++b->n == b->most)
		flush(b);
}

static void put_name(char *to, uint32_t id)
{
	memset(to, 0, WN_NAME_BYTES);
	memcpy(to, "task-", 5);
	for (to += 12; ; id /= 10) {
		*to-- = (char)('0' + id % 10);
		if (id < 10)
			break;
	}
	while (*to != '-')
		*to-- = '0';
}

static void create(struct batch *b, uint32_t id, uint32_t value)
{
	void *data;
	struct wn_sqe *sqe = wn_get_sqe_wide(&wn, &data);

	wn_prep_wide(sqe, WN_OP_NODE_CREATE, boards[id % BOARDS], id);
	sqe->w[0] = (__u64)value << 32;
	put_name(data, id);
	add(b, id);
}

static void update(struct batch *b, uint32_t id, uint32_t value)
{
	order(b, id);
	wn_prep_set_state(wn_get_sqe(&wn), handles[id], value, ~0ULL - 1);
	add(b, id);
}

static void destroy(struct batch *b, uint32_t id)
{
	order(b, id);
	wn_prep_destroy(wn_get_sqe(&wn), handles[id], 0, ~0ULL - 1);
	add(b, id);
}

static uint32_t query(struct batch *b, uint32_t id)
{
	struct wn_node_rec rec;

	order(b, id);
	good(wn_node_read(&wn, handles[id], &rec), "wn_node_read");
	return rec.state;
}

/*
 * Each record once: the engine in a kernel has its memory from the beginning, here a
 * page comes when it is first touched, and that is not what an op costs.
 */
static void touch_all(void)
{
	struct batch b = { .most = 64, .number = 1 };

	for (uint32_t id = 0; id < 50000; id++)
		create(&b, id, 0);
	flush(&b);
	for (uint32_t id = 0; id < 50000; id++)
		destroy(&b, id);
	flush(&b);
	memset(touched, 0, TRACE_IDS * sizeof(*touched));
}

static void begin(void)
{
	struct wn_bounds bounds = domain_bounds();
	char name[16];

	bounds.nodes = 65536;
	domain_make("embed:tasks", &bounds);
	client_open(&wn, "embed:tasks", NULL);
	for (unsigned int i = 0; i < BOARDS; i++) {
		snprintf(name, sizeof(name), "board-%u", i);
		boards[i] = good(wn_create(&wn, 0, name), name);
	}
	memset(touched, 0, TRACE_IDS * sizeof(*touched));
	touch_all();
}

static void end(uint32_t left)
{
	struct wn_domain_info info = { .size = sizeof(info) };

	good(wn_domain_info("embed:tasks", &info), "wn_domain_info");
	if (info.nodes != left + BOARDS + 1)
		bench_die("tasks: there are other nodes than there should be");
	wn_close(&wn);
	domain_drop("embed:tasks");
}

static void ours(struct bench_sample *s, const void *arg)
{
	const struct trace *t = trace_get();
	struct batch b = { .most = *(const unsigned int *)arg, .number = 1 };
	uint64_t found = 0, start;

	begin();
	for (uint32_t id = 0; id < TRACE_TASKS; id++)
		create(&b, id, trace_first(id));
	flush(&b);
	start = cpu_ns();
	for (uint32_t i = 0; i < TRACE_OPS; i++) {
		const struct trace_op *op = &t->ops[i];

		switch (op->what) {
		case TRACE_CREATE:
			create(&b, op->id, op->value);
			break;
		case TRACE_UPDATE:
			update(&b, op->id, op->value);
			break;
		case TRACE_DELETE:
			destroy(&b, op->id);
			break;
		default:
			found += query(&b, op->id);
		}
	}
	flush(&b);
	s->value = (double)(cpu_ns() - start) / TRACE_OPS;
	s->ops = TRACE_OPS;
	trace_hold("Worknode", found);
	end(t->left);
}

/* One kind of op alone: all of 10,000 tasks, in the order of the trace's ids. */
static void ours_one(struct bench_sample *s, const void *arg)
{
	const int what = *(const int *)arg;
	struct batch b = { .most = 64, .number = 1 };
	uint64_t spent[4], start;

	begin();
	for (int k = 0; k < 4; k++) {
		static const int in_turn[] = { TRACE_CREATE, TRACE_UPDATE, TRACE_QUERY, TRACE_DELETE };
		const int now = in_turn[k];

		start = cpu_ns();
		for (uint32_t i = 0; i < TRACE_TASKS; i++) {
			/* No neighbours one after the other. */
			const uint32_t id = i * 7919u % TRACE_TASKS;

			if (now == TRACE_CREATE)
				create(&b, id, id);
			else if (now == TRACE_UPDATE)
				update(&b, id, id + 1);
			else if (now == TRACE_DELETE)
				destroy(&b, id);
			else if (query(&b, id) != id + 1)
				bench_die("a task's state is wrong");
		}
		flush(&b);
		spent[now] = cpu_ns() - start;
	}
	s->value = (double)spent[what] / TRACE_TASKS;
	s->ops = TRACE_TASKS;
	end(0);
}

/* ------------------------------------------- malloc, hash table and mutex */

#define BUCKETS	32768u

struct task {
	struct task *next;
	uint64_t id;
	uint32_t state, priority;
	uint64_t created, changed, version;
	char name[80];
};

static struct task *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct task **bucket_of(uint32_t id)
{
	return &table[(uint32_t)((id * 0x9e3779b97f4a7c15ULL) >> 32) % BUCKETS];
}

static struct task **find(uint32_t id)
{
	struct task **at = bucket_of(id);

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	if (!*at)
		bench_die("a task is gone");
	return at;
}

static void heap_create(uint32_t id, uint32_t value)
{
	struct task *t = malloc(sizeof(*t)), **at = bucket_of(id);

	*t = (struct task){ .id = id, .state = value, .created = value, .changed = value };
	put_name(t->name, id);
	pthread_mutex_lock(&lock);
	t->next = *at;
	*at = t;
	pthread_mutex_unlock(&lock);
}

static uint32_t heap_op(const struct trace_op *op)
{
	struct task *t = NULL, **at;
	uint32_t state = 0;

	if (op->what == TRACE_CREATE) {
		heap_create(op->id, op->value);
		return 0;
	}
	pthread_mutex_lock(&lock);
	at = find(op->id);
	if (op->what == TRACE_UPDATE) {
		(*at)->state = op->value;
		(*at)->changed = op->value;
		(*at)->version++;
	} else if (op->what == TRACE_DELETE) {
		t = *at;
		*at = t->next;
	} else {
		state = (*at)->state;
	}
	pthread_mutex_unlock(&lock);
	free(t);
	return state;
}

static uint64_t halves[2];

/* Tasks with odd ids are one thread's, the others the other's: so each finds what it should. */
static void half(unsigned int odd)
{
	const struct trace *t = trace_get();
	uint64_t found = 0;

	for (uint32_t i = 0; i < TRACE_OPS; i++)
		if ((t->ops[i].id & 1) == odd)
			found += heap_op(&t->ops[i]);
	halves[odd] = found;
}

static unsigned int finished;

static void even_half(void *arg)
{
	half(0);
	while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE))
		bench_relax();
}

static void odd_half(void *arg)
{
	half(1);
	__atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
}

static void heap(struct bench_sample *s, const void *arg)
{
	const struct pair p = { even_half, odd_half, NULL, 1 };
	uint64_t start;

	for (uint32_t id = 0; id < TRACE_TASKS; id++)
		heap_create(id, trace_first(id));
	finished = 0;
	if (*(const int *)arg == 2) {
		s->value = pair_threads(&p) / TRACE_OPS;
	} else {
		start = cpu_ns();
		half(0);
		half(1);
		s->value = (double)(cpu_ns() - start) / TRACE_OPS;
	}
	s->ops = TRACE_OPS;
	trace_hold("malloc, hash, mutex", halves[0] + halves[1]);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		while (table[i]) {
			struct task *t = table[i];

			table[i] = t->next;
			free(t);
		}
	}
}

/* ------------------------------------------------------------------ runs */

static void run(const void *arg)
{
	static const unsigned int one = 1, batch = 64;
	static const int threads1 = 1, threads2 = 2;
	static const struct {
		int what;
		const char *id, *name;
		double claim;
	} each[] = {
		{ TRACE_CREATE, "create", "create a task", 80 },
		{ TRACE_UPDATE, "update", "update a task", 40 },
		{ TRACE_DELETE, "delete", "delete a task", 60 },
		{ TRACE_QUERY, "query", "query a task", 50 },
	};
	const struct bench_compare all = {
		.id = "tasks", .what = "10,000 tasks, 100,000 ops; per op", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 0 (two threads: 0 and 1)",
		.sides = {
			{ .name = "Worknode, 64 ops a submission", .run = ours, .arg = &batch },
			{ .name = "Worknode, each op alone", .run = ours, .arg = &one, .ours = true },
			{ .name = "malloc, hash, mutex, 2 threads", .run = heap, .arg = &threads2 },
			{ .name = "malloc, hash, mutex, 1 thread", .run = heap, .arg = &threads1 },
			PEER_REDIS_TASKS, PEER_SQLITE_TASKS, PEER_LMDB_TASKS,
		},
		.checks = {
			{ .what = "100,000 ops in 7 ms; per op", .figure = 70 },
			{ .what = "times faster than 2 threads with malloc", .against = 2, .figure = 8,
			  .bar = 5 },
		},
	};

	handles = zeroed(TRACE_IDS * sizeof(*handles));
	touched = zeroed(TRACE_IDS * sizeof(*touched));
	bench_compare(&all);
	for (unsigned int i = 0; i < 4; i++) {
		const struct bench_compare c = {
			.id = each[i].id, .what = each[i].name, .unit = "ns",
			.engine = each[i].what == TRACE_QUERY ? "none: mapped state" :
				  "embedded, inline, 64 a submission",
			.where = "CPU 0",
			.sides = { { .name = "Worknode", .run = ours_one, .arg = &each[i].what } },
			.checks = { { .what = each[i].name, .figure = each[i].claim } },
		};

		bench_compare(&c);
	}
	bench_note("Redis answers over a unix socket, SQLite and LMDB keep transactions: they do more. "
		   "The table behind a mutex is shared by threads only and protected from nobody.");
	unmapped(handles, TRACE_IDS * sizeof(*handles));
	unmapped(touched, TRACE_IDS * sizeof(*touched));
}

const struct bench_row row_tasks = {
	.name = "5", .system = "WorknodeOS",
	.claim = "10,000 tasks, 100,000 ops: 7 ms against 55 ms with pthreads and malloc (8x; bar: 5x); 80/40/60/50 ns an op",
	.run = run, .seconds = 25,
};
