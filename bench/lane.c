// SPDX-License-Identifier: MIT
/*
 * A lane beside a ring written by hand in plain shared memory, between two pinned
 * processes: one way in batches of 1 and 16, a round trip, and 1 MB payloads beside
 * memcpy; and what the code costs in one thread, the only figure but for the median of
 * the round trip that means something while others use the two CPUs. Runs of all are interleaved, so that what disturbs one disturbs the others.
 *
 *	hand	64-byte slots, indexes cached, each side's index on a line of its own
 *	lane	records of 64 bytes
 *
 * Last, 1 KB records offered at a pace, a million a second: how long each takes from the
 * moment at which it was to be sent, whenever it could be, until it was read in full.
 *
 * lane RUNS [RECORDS]: the median of the runs, the least and the most beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "harness/hist.h"
#include "timing.h"

#define RUNS_MAX	101
#define RING		(64u << 10)
#define SLOT		64u
#define SLOTS		(RING / SLOT)
#define BULK		(1u << 20)
#define BULK_RING	(4u << 20)

struct hand {
	__attribute__((aligned(64))) __u64 tail;
	__attribute__((aligned(64))) __u64 head;
	__attribute__((aligned(64))) char slot[SLOTS][SLOT];
};

/* What the other process is told, and tells. */
struct shared {
	__u32 ready;
	__u32 go;
	struct hand there, back;
};

static struct shared *shared;
static unsigned long records = 4000000;
static struct wn_lane_fds lane_fds[3];	/* there, back, bulk */

static void die(const char *what)
{
	fprintf(stderr, "bench/lane: %s\n", what);
	exit(1);
}

static double now_ns(void)
{
	return (double)wall_ns();
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* ------------------------------------------------------------- by hand */

struct hand_end {
	struct hand *ring;
	__u64 pos, done, seen;
};

static void *hand_reserve(struct hand_end *e)
{
	if (e->pos - e->seen == SLOTS) {
		e->seen = __atomic_load_n(&e->ring->head, __ATOMIC_ACQUIRE);
		if (e->pos - e->seen == SLOTS)
			return NULL;
	}
	return e->ring->slot[e->pos++ % SLOTS];
}

static void hand_commit(struct hand_end *e)
{
	__atomic_store_n(&e->ring->tail, e->pos, __ATOMIC_RELEASE);
}

static const void *hand_peek(struct hand_end *e)
{
	if (e->pos == e->seen) {
		e->seen = __atomic_load_n(&e->ring->tail, __ATOMIC_ACQUIRE);
		if (e->pos == e->seen)
			return NULL;
	}
	return e->ring->slot[e->pos++ % SLOTS];
}

static void hand_consume(struct hand_end *e)
{
	__atomic_store_n(&e->ring->head, e->pos, __ATOMIC_RELEASE);
}

/* A record is written and read in full: eight words, of which the first counts. */
static void put(void *to, __u64 n)
{
	__u64 *w = to;
	int i;

	for (i = 0; i < 8; i++)
		w[i] = n;
}

static __u64 get(const void *from)
{
	const __u64 *w = from;
	__u64 sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		sum += w[i];
	return sum;
}

/* The same loops for both; what differs is handed in and inlined. */
#define LOOPS(name, end, reserve, commit, peek, consume)				\
static void name##_send(end *e, unsigned long n, unsigned int batch)		\
{										\
	unsigned long i;							\
	void *to;								\
										\
	for (i = 0; i < n; i++) {						\
		while (!(to = reserve)) {					\
			commit;							\
			relax();						\
		}								\
		put(to, i);							\
		if ((i + 1) % batch == 0)					\
			commit;							\
	}									\
	commit;									\
}										\
static __u64 name##_take(end *e, unsigned long n, unsigned int batch)		\
{										\
	unsigned long i;							\
	const void *from;							\
	__u64 sum = 0;								\
										\
	for (i = 0; i < n; i++) {						\
		while (!(from = peek)) {					\
			consume;						\
			relax();						\
		}								\
		sum += get(from);						\
		if ((i + 1) % batch == 0)					\
			consume;						\
	}									\
	consume;								\
	return sum;								\
}

static __u32 len;

LOOPS(hand, struct hand_end, hand_reserve(e), hand_commit(e), hand_peek(e), hand_consume(e))
LOOPS(lane, struct wn_lane, wn_lane_reserve(e, SLOT), wn_lane_commit(e), wn_lane_peek(e, &len),
      wn_lane_consume(e))

/* -------------------------------------------------------------- the other */

static void gate(__u32 *word, __u32 want)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != want)
		relax();
}

static double with_child(void (*child)(void), double (*parent)(void))
{
	double ns;
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		pin_to(1);
		child();
		_exit(0);
	}
	pin_to(0);
	ns = parent();
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other process failed");
	return ns;
}

static void map(struct wn_lane *l, int which, bool produces)
{
	struct wn_lane_fds *f = &lane_fds[which];

	if (wn_lane_map(l, produces ? f->producer : f->consumer, produces))
		die("wn_lane_map");
}

static void make(void)
{
	int i;

	for (i = 0; i < 3; i++)
		if (wn_lane_make(&lane_fds[i], i == 2 ? BULK_RING : RING))
			die("wn_lane_make");
}

static void drop(void)
{
	int i;

	for (i = 0; i < 3; i++)
		wn_lane_fds_close(&lane_fds[i]);
}

/* --------------------------------------------------------------- one way */

static unsigned int batch;

static void hand_child(void)
{
	struct hand_end e = { .ring = &shared->there };

	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	hand_send(&e, records, batch);
}

static void check(__u64 sum)
{
	if (sum != 8 * ((__u64)records * (records - 1) / 2))
		die("records are missing");
}

static double hand_parent(void)
{
	struct hand_end e = { .ring = &shared->there };
	double from;

	gate(&shared->ready, 1);
	from = now_ns();
	check(hand_take(&e, records, batch));
	return (now_ns() - from) / (double)records;
}

static void lane_child(void)
{
	struct wn_lane l;

	map(&l, 0, true);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	lane_send(&l, records, batch);
	if (l.sleeps || l.wakes)
		die("a system call was made");
}

static double lane_parent(void)
{
	struct wn_lane l;
	double from;

	map(&l, 0, false);
	gate(&shared->ready, 1);
	from = now_ns();
	check(lane_take(&l, records, batch));
	from = (now_ns() - from) / (double)records;
	wn_lane_close(&l);
	return from;
}

/* ------------------------------------------------------------ round trip */

#define TRIPS	(records / 16)

static double p50(double *trip, unsigned long n)
{
	double mid;

	qsort(trip, n, sizeof(*trip), ascending);
	mid = trip[n / 2];
	free(trip);
	return mid;
}

#define TRIP_LOOPS(name, end, reserve, commit, peek, consume)			\
static void name##_echo(end *in, end *out)					\
{										\
	unsigned long i;							\
	const void *from;							\
										\
	for (i = 0; i < TRIPS; i++) {						\
		end *e = in;							\
		while (!(from = peek))						\
			relax();						\
		e = out;							\
		memcpy(reserve, from, SLOT);					\
		commit;								\
		e = in;								\
		consume;							\
	}									\
}										\
static double name##_trips(end *out, end *in)					\
{										\
	double *trip = malloc(TRIPS * sizeof(*trip)), from;			\
	unsigned long i;							\
	const void *got;							\
										\
	for (i = 0; i < TRIPS; i++) {						\
		end *e = out;							\
		from = now_ns();						\
		put(reserve, i);						\
		commit;								\
		e = in;								\
		while (!(got = peek))						\
			relax();						\
		if (get(got) != 8 * i)						\
			die("a wrong echo");					\
		consume;							\
		trip[i] = now_ns() - from;					\
	}									\
	return p50(trip, TRIPS);						\
}

TRIP_LOOPS(hand, struct hand_end, hand_reserve(e), hand_commit(e), hand_peek(e), hand_consume(e))
TRIP_LOOPS(lane, struct wn_lane, wn_lane_reserve(e, SLOT), wn_lane_commit(e),
	   wn_lane_peek(e, &len), wn_lane_consume(e))

static void hand_trip_child(void)
{
	struct hand_end in = { .ring = &shared->there }, out = { .ring = &shared->back };

	hand_echo(&in, &out);
}

static double hand_trip_parent(void)
{
	struct hand_end out = { .ring = &shared->there }, in = { .ring = &shared->back };

	return hand_trips(&out, &in);
}

static void lane_trip_child(void)
{
	struct wn_lane in, out;

	map(&in, 0, false);
	map(&out, 1, true);
	lane_echo(&in, &out);
}

static double lane_trip_parent(void)
{
	struct wn_lane in, out;
	double ns;

	map(&out, 0, true);
	map(&in, 1, false);
	ns = lane_trips(&out, &in);
	wn_lane_close(&out);
	wn_lane_close(&in);
	return ns;
}

/* ------------------------------------------------------------------ bulk */

#define BULKS	(records / 16384 + 16)

static void bulk_child(void)
{
	struct wn_lane l;
	unsigned long i;
	void *to;

	map(&l, 2, true);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	for (i = 0; i < BULKS; i++) {
		while (!(to = wn_lane_reserve(&l, BULK)))
			relax();
		memset(to, (int)i, BULK);
		wn_lane_commit(&l);
	}
}

static __u64 sum_of(const void *at)
{
	const __u64 *w = at;
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < BULK / 8; i++)
		sum += w[i];
	return sum;
}

static double bulk_parent(void)
{
	struct wn_lane l;
	unsigned long i;
	const void *at;
	double from;

	map(&l, 2, false);
	gate(&shared->ready, 1);
	from = now_ns();
	for (i = 0; i < BULKS; i++) {
		while (!(at = wn_lane_peek(&l, &len)))
			relax();
		if (sum_of(at) != (i & 0xff) * 0x0101010101010101ULL * (BULK / 8))
			die("torn");
		wn_lane_consume(&l);
	}
	from = (now_ns() - from) / (double)BULKS;
	wn_lane_close(&l);
	return from;
}

/* memcpy of what the other core has just written: to and from its memory. */
static char *bulk_memory;

static void copy_child(void)
{
	unsigned long i;

	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	for (i = 0; i < BULKS; i++) {
		gate(&shared->go, (__u32)(2 * i));
		memset(bulk_memory, (int)i, BULK);
		__atomic_store_n(&shared->go, (__u32)(2 * i + 1), __ATOMIC_RELEASE);
	}
}

static double copy_parent(void)
{
	static char to[BULK];
	double from, ns = 0;
	unsigned long i;

	gate(&shared->ready, 1);
	for (i = 0; i < BULKS; i++) {
		gate(&shared->go, (__u32)(2 * i + 1));
		from = now_ns();
		memcpy(to, bulk_memory, BULK);
		__asm__ volatile("" : : "r"(to) : "memory");
		ns += now_ns() - from;
		__atomic_store_n(&shared->go, (__u32)(2 * i + 2), __ATOMIC_RELEASE);
	}
	return ns / (double)BULKS;
}

/* ------------------------------------------------------------ one thread */

/* Both sides in turn, in time of the CPU: what the code costs, whoever else runs. */
#define TURNS(out, in, name)							\
	do {									\
		from = (double)cpu_ns();						\
		for (i = 0; i < records; i += 16) {				\
			name##_send(out, 16, batch);				\
			sum += name##_take(in, 16, batch);			\
		}								\
		from = ((double)cpu_ns() - from) / (double)records;			\
		if (sum != records / 16 * 8 * 120)				\
			die("records are missing");				\
	} while (0)

static void nobody(void)
{
}

static double hand_solo(void)
{
	struct hand_end out = { .ring = &shared->there }, in = { .ring = &shared->there };
	unsigned long i;
	double from;
	__u64 sum = 0;

	TURNS(&out, &in, hand);
	return from;
}

static double lane_solo(void)
{
	struct wn_lane out, in;
	unsigned long i;
	double from;
	__u64 sum = 0;

	map(&out, 0, true);
	map(&in, 0, false);
	/* By the same addresses: two mappings of a page in one thread cost what no code does. */
	in.data = out.data;
	in.peer = out.own;
	out.peer = in.own;
	TURNS(&out, &in, lane);
	wn_lane_close(&out);
	wn_lane_close(&in);
	return from;
}

/* --------------------------------------------------------------- at a pace */

#define PACED		1024u
#define PACE_NS		1000u		/* from one to the next */
#define PACED_NR	(records / 4)

static struct hist paced;

/* By the clock, and never by when the last one got through: who waits catches up. */
static void paced_child(void)
{
	unsigned long i;
	struct wn_lane l;
	__u64 at, *to;
	int word;

	map(&l, 2, true);
	__atomic_store_n(&shared->ready, 1, __ATOMIC_RELEASE);
	gate(&shared->go, 1);
	at = wall_ns();
	for (i = 0; i < PACED_NR; i++, at += PACE_NS) {
		while (wall_ns() < at)
			relax();
		while (!(to = wn_lane_reserve(&l, PACED)))
			relax();
		for (word = 1; word < (int)(PACED / 8); word++)
			to[word] = i;
		to[0] = at;
		wn_lane_commit(&l);
	}
}

static double paced_parent(void)
{
	const __u64 *from;
	unsigned long i;
	struct wn_lane l;
	__u64 sum, now;
	int word;

	map(&l, 2, false);
	gate(&shared->ready, 1);
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	for (i = 0; i < PACED_NR; i++) {
		while (!(from = wn_lane_peek(&l, &len)))
			relax();
		for (word = 1, sum = 0; word < (int)(PACED / 8); word++)
			sum += from[word];
		now = wall_ns();
		if (len != PACED || sum != (PACED / 8 - 1) * (__u64)i)
			die("records are missing");
		hist_add(&paced, now > from[0] ? now - from[0] : 0);
		wn_lane_consume(&l);
	}
	wn_lane_close(&l);
	return 0;
}

/* Of each run; the shares are printed as the others are. */
static void run_paced(int runs)
{
	static const double share[] = { 0.5, 0.99, 0.999, 1 };
	double ns[4][RUNS_MAX];
	int r, k;

	for (r = 0; r < runs; r++) {
		hist_clear(&paced);
		make();
		with_child(paced_child, paced_parent);
		drop();
		for (k = 0; k < 4; k++)
			ns[k][r] = (double)hist_percentile(&paced, share[k]);
	}
	for (k = 0; k < 4; k++) {
		qsort(ns[k], (size_t)runs, sizeof(double), ascending);
		printf("lane, 1 KB at 1M/s, p%g, ns%*s %10.1f  (%.1f to %.1f)\n", 100 * share[k],
		       k == 2 ? 6 : k == 3 ? 7 : 8, "", ns[k][runs / 2], ns[k][0],
		       ns[k][runs - 1]);
	}
}

/* ------------------------------------------------------------------ runs */

static const struct kind {
	const char *name;
	unsigned int batch;
	void (*child)(void);
	double (*parent)(void);
} kinds[] = {
	{ "hand, one way, batch 1, ns", 1, hand_child, hand_parent },
	{ "lane, one way, batch 1, ns", 1, lane_child, lane_parent },
	{ "hand, one way, batch 16, ns", 16, hand_child, hand_parent },
	{ "lane, one way, batch 16, ns", 16, lane_child, lane_parent },
	{ "hand, one thread, batch 1, ns", 1, nobody, hand_solo },
	{ "lane, one thread, batch 1, ns", 1, nobody, lane_solo },
	{ "hand, one thread, batch 16, ns", 16, nobody, hand_solo },
	{ "lane, one thread, batch 16, ns", 16, nobody, lane_solo },
	{ "hand, round trip p50, ns", 1, hand_trip_child, hand_trip_parent },
	{ "lane, round trip p50, ns", 1, lane_trip_child, lane_trip_parent },
	{ "memcpy of 1 MB, ns", 1, copy_child, copy_parent },
	{ "lane, 1 MB written and read, ns", 1, bulk_child, bulk_parent },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

int main(int argc, char **argv)
{
	static double ns[KINDS][RUNS_MAX];
	int runs = argc > 1 ? atoi(argv[1]) : 7, r;
	const int flags = MAP_SHARED | MAP_ANONYMOUS;
	size_t k;

	if (argc > 2)
		records = strtoul(argv[2], NULL, 0) & ~15UL;
	if (runs < 1 || runs > RUNS_MAX || records < 1000)
		die("lane RUNS [RECORDS]");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, flags, -1, 0);
	bulk_memory = mmap(NULL, BULK, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (shared == MAP_FAILED || bulk_memory == MAP_FAILED)
		die("mmap");
	for (r = 0; r < runs; r++)
		for (k = 0; k < KINDS; k++) {
			batch = kinds[k].batch;
			make();
			ns[k][r] = with_child(kinds[k].child, kinds[k].parent);
			drop();
		}
	for (k = 0; k < KINDS; k++) {
		qsort(ns[k], (size_t)runs, sizeof(double), ascending);
		printf("%-34s %10.1f  (%.1f to %.1f)", kinds[k].name, ns[k][runs / 2], ns[k][0],
		       ns[k][runs - 1]);
		if (k % 2)
			printf("  %.2fx", ns[k][runs / 2] / ns[k - 1][runs / 2]);
		putchar('\n');
	}
	run_paced(runs);
	return 0;
}
