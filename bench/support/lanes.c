// SPDX-License-Identifier: MIT
#include "lanes.h"

#include <string.h>
#include <wn.h>

#include "pair.h"
#include "sequence.h"

#define RING	(64u << 10)

struct job {
	const struct lane_run *run;
	unsigned int records;
	struct wn_lane_fds there, back;
	struct sequence seq;
	struct hist *hist;
	uint64_t torn;
};

static void ready(int err, const char *what)
{
	if (err)
		bench_die(what);
}

static unsigned int ring_of(const struct lane_run *r)
{
	return r->ring ? r->ring : RING;
}

/* The number, then words that follow from it. */
static inline void fill(uint64_t *to, uint64_t number, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes / 8; i++)
		to[i] = number + i;
}

static inline bool is_whole(const uint64_t *from, unsigned int bytes)
{
	const uint64_t number = from[0];
	uint64_t wrong = 0;

	for (unsigned int i = 0; i < bytes / 8; i++)
		wrong |= from[i] ^ (number + i);
	return !wrong;
}

static void send_all(void *arg)
{
	struct job *j = arg;
	struct wn_lane l;

	ready(wn_lane_map(&l, j->there.producer, true), "wn_lane_map");
	for (unsigned int i = 0; i < j->records; i++) {
		void *to;

		while (!(to = wn_lane_reserve(&l, j->run->bytes))) {
			ready(wn_lane_commit(&l), "wn_lane_commit");
			bench_relax();
		}
		fill(to, i, j->run->bytes);
		if ((i + 1) % j->run->batch == 0)
			wn_lane_commit(&l);
	}
	ready(wn_lane_commit(&l), "wn_lane_commit");
	if (l.sleeps || l.wakes)
		bench_die("a lane slept that should have looked");
}

static void take_all(void *arg)
{
	struct job *j = arg;
	struct wn_lane l;
	__u32 len;

	ready(wn_lane_map(&l, j->there.consumer, false), "wn_lane_map");
	for (unsigned int i = 0; i < j->records; i++) {
		const uint64_t *from;

		while (!(from = wn_lane_peek(&l, &len))) {
			wn_lane_consume(&l);
			bench_relax();
		}
		if (len != j->run->bytes || !is_whole(from, len))
			j->torn++;
		sequence_saw(&j->seq, from[0]);
		if ((i + 1) % j->run->batch == 0)
			wn_lane_consume(&l);
	}
	wn_lane_close(&l);
}

static double one_way(struct bench_sample *s, const struct lane_run *r)
{
	struct job j = { .run = r, .records = (unsigned int)bench_scale(r->records) };
	const struct pair p = { take_all, send_all, &j, 1 };
	double ns;

	ready(wn_lane_make(&j.there, ring_of(r)), "wn_lane_make");
	ns = pair_processes(&p) / j.records;
	wn_lane_fds_close(&j.there);
	if (j.torn)
		bench_die("a record was torn");
	sequence_end(&j.seq, j.records, s);
	return ns;
}

void lane_one_way(struct bench_sample *s, const void *arg)
{
	s->value = one_way(s, arg);
}

void lane_rate(struct bench_sample *s, const void *arg)
{
	const struct lane_run *r = arg;

	s->value = r->bytes / one_way(s, r) * 1e3;
}

/* --------------------------------------------------------- there and back */

static void echo(void *arg)
{
	struct job *j = arg;
	struct wn_lane in, out;
	__u32 len;

	ready(wn_lane_map(&in, j->there.consumer, false), "wn_lane_map");
	ready(wn_lane_map(&out, j->back.producer, true), "wn_lane_map");
	for (unsigned int i = 0; i < j->records; i++) {
		const void *from;

		while (!(from = wn_lane_peek(&in, &len)))
			bench_relax();
		memcpy(wn_lane_reserve(&out, len), from, len);
		wn_lane_commit(&out);
		wn_lane_consume(&in);
	}
}

static void trips(void *arg)
{
	struct job *j = arg;
	struct wn_lane in, out;
	__u32 len;

	ready(wn_lane_map(&out, j->there.producer, true), "wn_lane_map");
	ready(wn_lane_map(&in, j->back.consumer, false), "wn_lane_map");
	for (unsigned int i = 0; i < j->records; i++) {
		const uint64_t from = wall_ns();
		const uint64_t *got;

		fill(wn_lane_reserve(&out, j->run->bytes), i, j->run->bytes);
		wn_lane_commit(&out);
		while (!(got = wn_lane_peek(&in, &len)))
			bench_relax();
		if (!is_whole(got, len))
			j->torn++;
		sequence_saw(&j->seq, got[0]);
		wn_lane_consume(&in);
		if (j->hist)
			hist_add(j->hist, wall_ns() - from);
	}
	wn_lane_close(&out);
	wn_lane_close(&in);
}

void lane_round_trip(struct bench_sample *s, const void *arg)
{
	const struct lane_run *r = arg;
	struct job j = { .run = r, .records = (unsigned int)bench_scale(r->records), .hist = s->hist };
	const struct pair p = { trips, echo, &j, 1 };

	ready(wn_lane_make(&j.there, ring_of(r)), "wn_lane_make");
	ready(wn_lane_make(&j.back, ring_of(r)), "wn_lane_make");
	s->value = pair_processes(&p) / j.records;
	wn_lane_fds_close(&j.there);
	wn_lane_fds_close(&j.back);
	if (j.torn)
		bench_die("an echo was torn");
	sequence_end(&j.seq, j.records, s);
}
