// SPDX-License-Identifier: MIT
/*
 * Row 3: from emit to delivery. In one thread: an event through the rings and the
 * engine, inline, read from the inbox, alone and sixteen at a time; across processes:
 * records of 64 bytes by a lane, both sides looking, and events between two clients of an
 * engine in a third process, against what the kernel has. All
 * messages carry a number, and each is held against the one that must come.
 */
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wn_embed.h>

#include "../peers/peers.h"
#include "../support/domain.h"
#include "../support/hosted.h"
#include "../support/lanes.h"
#include "../support/pair.h"
#include "../support/sequence.h"
#include "rows.h"

#define MESSAGE	64u

static struct wn wn;
static uint64_t node;

static void prepare(void)
{
	domain_make("embed:events", NULL);
	client_open(&wn, "embed:events", NULL);
	node = good(wn_create(&wn, 0, "reader"), "wn_create");
	good(wn_bind(&wn, node, WN_POLICY_FAIL), "wn_bind");
}

/* ------------------------------------------------------------ one thread */

static void ours(struct bench_sample *s, const void *arg)
{
	const unsigned int batch = *(const unsigned int *)arg;
	const unsigned int n = (unsigned int)bench_scale(200000) / 16 * 16;
	struct sequence seq = { 0 };
	uint64_t from = 0, start = cpu_ns();

	for (unsigned int i = 0; i < n; i += batch) {
		const struct wn_event *event;

		if (s->hist)
			from = wall_ns();
		for (unsigned int k = 0; k < batch; k++)
			wn_prep_emit_word(wn_get_sqe(&wn), node, 0, 1, i + k, k);
		submit_and_check(&wn, batch);
		while ((event = wn_peek_event(&wn))) {
			uint64_t word;

			__builtin_memcpy(&word, event->data, sizeof(word));
			sequence_saw(&seq, word);
			wn_event_seen(&wn);
		}
		if (s->hist)
			hist_add(s->hist, wall_ns() - from);
	}
	s->value = (double)(cpu_ns() - start) / n;
	sequence_end(&seq, n, s);
}

struct fds {
	int write, read;
	unsigned int bytes;
};

static void through(struct bench_sample *s, const struct fds *f)
{
	const unsigned int n = (unsigned int)bench_scale(100000);
	uint64_t words[MESSAGE / 8] = { 0 }, start = cpu_ns();
	struct sequence seq = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		words[0] = i + 1;
		if (write(f->write, words, f->bytes) != f->bytes ||
		    read(f->read, words, f->bytes) != f->bytes)
			bench_die("a short write or read");
		sequence_saw(&seq, words[0] - 1);
	}
	s->value = (double)(cpu_ns() - start) / n;
	sequence_end(&seq, n, s);
	close(f->write);
	if (f->read != f->write)
		close(f->read);
}

static void by_pipe(struct bench_sample *s, const void *arg)
{
	int p[2];

	if (pipe(p))
		bench_die("pipe");
	through(s, &(struct fds){ p[1], p[0], MESSAGE });
}

static void by_socket(struct bench_sample *s, const void *arg)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p))
		bench_die("socketpair");
	through(s, &(struct fds){ p[1], p[0], MESSAGE });
}

static void by_eventfd(struct bench_sample *s, const void *arg)
{
	const int fd = eventfd(0, 0);

	if (fd < 0)
		bench_die("eventfd");
	through(s, &(struct fds){ fd, fd, 8 });
}

/* ------------------------------------------------------ across processes */

struct way {
	int fds[2];
	unsigned int n;
	struct sequence seq;
};

static void way_take(void *arg)
{
	struct way *w = arg;
	uint64_t words[MESSAGE / 8];

	for (unsigned int i = 0; i < w->n; i++) {
		if (read(w->fds[0], words, MESSAGE) != MESSAGE)
			bench_die("a short read");
		sequence_saw(&w->seq, words[0]);
	}
}

static void way_send(void *arg)
{
	const struct way *w = arg;
	uint64_t words[MESSAGE / 8] = { 0 };

	for (unsigned int i = 0; i < w->n; i++) {
		words[0] = i;
		if (write(w->fds[1], words, MESSAGE) != MESSAGE)
			bench_die("a short write");
	}
}

static void across(struct bench_sample *s, const void *arg)
{
	struct way w = { .n = (unsigned int)bench_scale(100000) };
	const struct pair p = { way_take, way_send, &w, 1 };

	if (*(const int *)arg ? socketpair(AF_UNIX, SOCK_SEQPACKET, 0, w.fds) : pipe(w.fds))
		bench_die("pipe or socketpair");
	s->value = pair_processes(&p) / w.n;
	sequence_end(&w.seq, w.n, s);
	close(w.fds[0]);
	close(w.fds[1]);
}

/* An eventfd that counts: a read takes one of what was written, so none can be numbered. */
static void count_take(void *arg)
{
	struct way *w = arg;
	uint64_t one;

	for (unsigned int i = 0; i < w->n; i++) {
		if (read(w->fds[0], &one, sizeof(one)) != sizeof(one) || one != 1)
			bench_die("eventfd");
		sequence_saw(&w->seq, i);
	}
}

static void count_send(void *arg)
{
	const struct way *w = arg;
	const uint64_t one = 1;

	for (unsigned int i = 0; i < w->n; i++)
		if (write(w->fds[0], &one, sizeof(one)) != sizeof(one))
			bench_die("eventfd");
}

static void across_eventfd(struct bench_sample *s, const void *arg)
{
	struct way w = { .n = (unsigned int)bench_scale(100000), .fds = { eventfd(0, EFD_SEMAPHORE) } };
	const struct pair p = { count_take, count_send, &w, 1 };

	if (w.fds[0] < 0)
		bench_die("eventfd");
	s->value = pair_processes(&p) / w.n;
	sequence_end(&w.seq, w.n, s);
	close(w.fds[0]);
}

/* ------------------------------------- events of two clients, two processes */

#define AHEAD	64u		/* events that may wait: half of an inbox */

struct hop {
	char domain[96];
	struct wn reader;
	uint64_t node;
	unsigned int n, batch;
	uint64_t *shared;	/* [0]: the sender is open; [8]: events that were read */
	struct sequence seq;
	double ns;
};

/* Asleep while there is none: on two CPUs a reader that looks takes the engine's. */
static void hop_take(void *arg)
{
	struct hop *h = arg;
	uint64_t from, word, seen = 0;

	while (!__atomic_load_n(&h->shared[0], __ATOMIC_ACQUIRE))
		sched_yield();
	from = wall_ns();
	while (seen < h->n) {
		const struct wn_event *event;

		good(wn_wait_event(&h->reader, &event, 0), "wn_wait_event");
		__builtin_memcpy(&word, event->data, sizeof(word));
		sequence_saw(&h->seq, word);
		wn_event_seen(&h->reader);
		__atomic_store_n(&h->shared[8], ++seen, __ATOMIC_RELEASE);
	}
	h->ns = (double)(wall_ns() - from);
}

static void hop_send(void *arg)
{
	struct hop *h = arg;
	struct wn sender;

	/* A child makes its own. */
	good(wn_embed_init(0), "wn_embed_init");
	client_open(&sender, h->domain, NULL);
	__atomic_store_n(&h->shared[0], 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < h->n; i += h->batch) {
		while (i + h->batch - __atomic_load_n(&h->shared[8], __ATOMIC_ACQUIRE) > AHEAD)
			sched_yield();
		for (unsigned int k = 0; k < h->batch; k++)
			wn_prep_emit_word(wn_get_sqe(&sender), h->node, 0, 1, i + k, k);
		submit_and_check(&sender, h->batch);
	}
	wn_close(&sender);
}

static void hop(struct bench_sample *s, const void *arg)
{
	struct hop h = { .batch = *(const unsigned int *)arg, .shared = shared_memory(4096) };
	const struct pair p = { hop_take, hop_send, &h, 1 };

	h.n = (unsigned int)bench_scale(20000) / 16 * 16;
	hosted_path(h.domain, sizeof(h.domain), "hop");
	domain_make(h.domain, NULL);
	client_open(&h.reader, h.domain, NULL);
	h.node = good(wn_create(&h.reader, 0, "reader"), "wn_create");
	good(wn_bind(&h.reader, h.node, WN_POLICY_FAIL), "wn_bind");
	pair_processes(&p);
	s->value = h.ns / h.n;
	sequence_end(&h.seq, h.n, s);
	wn_close(&h.reader);
	domain_drop(h.domain);
	unmapped(h.shared, 4096);
}

static void run(const void *arg)
{
	static const unsigned int one = 1, sixteen = 16;
	static const int a_pipe = 0, a_socket = 1;
	static const struct lane_run lane1 = { .records = 2000000, .bytes = MESSAGE, .batch = 1 };
	static const struct lane_run lane16 = { .records = 2000000, .bytes = MESSAGE, .batch = 16 };
	const struct bench_compare same = {
		.id = "one-thread", .what = "emit to delivery in one thread", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 0",
		.sides = {
			{ .name = "event, 16 at a time", .run = ours, .arg = &sixteen },
			{ .name = "event, one at a time", .run = ours, .arg = &one, .hist = true, .ours = true },
			{ .name = "pipe, write and read 64 B", .run = by_pipe },
			{ .name = "unix socket, 64 B", .run = by_socket },
			{ .name = "eventfd, 8 B", .run = by_eventfd },
		},
		.checks = {
			{ .what = "one event", .figure = 20, .bar = 30 },
			{ .what = "times faster than a pipe", .against = 2, .figure = 22 },
		},
	};
	const struct bench_compare processes = {
		.id = "processes", .what = "64 B one way between processes; per record", .unit = "ns",
		.engine = "lane, polling", .where = "CPU 1 to 0",
		.sides = {
			{ .name = "lane, 16 at a time", .run = lane_one_way, .arg = &lane16 },
			{ .name = "lane, one at a time", .run = lane_one_way, .arg = &lane1, .ours = true },
			{ .name = "pipe", .run = across, .arg = &a_pipe },
			{ .name = "unix socket, SEQPACKET", .run = across, .arg = &a_socket },
			{ .name = "eventfd, 8 B", .run = across_eventfd },
			PEER_ZMQ_ONE_WAY, PEER_NNG_ONE_WAY, PEER_CK_ONE_WAY, PEER_BOOST_ONE_WAY,
			PEER_ERLANG_ONE_WAY,
		},
		.checks = {
			{ .what = "one event", .figure = 20, .bar = 30 },
			{ .what = "times faster than a pipe", .against = 2, .figure = 22 },
		},
	};

	const struct bench_compare clients = {
		.id = "clients", .what = "emit to delivery between clients in two processes; per event",
		.unit = "ns", .engine = "hosted in a third process; the reader sleeps", .where = "CPU 1 to 0, engine: not pinned",
		.sides = {
			{ .name = "event, 16 at a time", .run = hop, .arg = &sixteen },
			{ .name = "event, one at a time", .run = hop, .arg = &one, .ours = true },
			{ .name = "pipe, 64 B", .run = across, .arg = &a_pipe },
			{ .name = "unix socket, SEQPACKET", .run = across, .arg = &a_socket },
			{ .name = "eventfd, 8 B", .run = across_eventfd },
		},
		.checks = {
			{ .what = "one event", .figure = 20, .bar = 30 },
			{ .what = "times faster than a pipe", .against = 2, .figure = 22 },
		},
	};

	prepare();
	bench_compare(&same);
	bench_compare(&processes);
	hosted_begin();
	bench_compare(&clients);
	hosted_end();
	bench_note("ck, boost and Erlang pass messages between threads of one process, without "
		   "protection from each other. An event between processes without the module is a message "
		   "to the host and its answer for each submission.");
	wn_close(&wn);
	domain_drop("embed:events");
}

const struct bench_row row_events = {
	.name = "3", .system = "WorknodeOS",
	.claim = "event passing 20 ns (bar: < 30), 22x faster than a pipe write at 450 ns",
	.run = run, .seconds = 30,
};
