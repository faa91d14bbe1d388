// SPDX-License-Identifier: MIT
/*
 * Row 20: three mixes on 200,000 nodes. OLTP: read a node in mapped state, change it if
 * nobody else did (IF_VERSION), 16 at a time; with two clients on two CPUs who meet on the
 * same nodes and begin again where they lose. Analytics: scan all by QUERY with a filter,
 * and add up a word of all in mapped state. Streaming: events through three clients.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "../support/sequence.h"
#include "rows.h"

#define NODES	200000u
#define BRANCH	200u
#define BATCH	16u

static struct wn clients[3];
static uint64_t *handles;

static void create_some(unsigned int from, unsigned int n)
{
	struct wn *wn = &clients[0];
	const struct wn_cqe *cqe;
	unsigned int seen = 0;
	char name[32];
	__u32 pos;

	for (unsigned int i = from; i < from + n; i++) {
		void *data = NULL;
		struct wn_sqe *sqe = wn_get_sqe_wide(wn, &data);

		snprintf(name, sizeof(name), "node-%u", i);
		wn_prep_create(sqe, data, i < BRANCH ? 0 : handles[i % BRANCH], name, i % 100, 0, 0, i);
	}
	good(wn_submit(wn), "wn_submit");
	wn_for_each_cqe(wn, pos, cqe) {
		handles[cqe->user_data] = good(cqe->res, "create");
		seen++;
	}
	wn_cq_advance(wn, seen);
}

static void begin(void)
{
	const struct wn_params params = { .arena_out = 1 << 20 };
	struct wn_bounds b = domain_bounds();

	b.nodes = NODES;
	domain_make("embed:mixes", &b);
	for (int i = 0; i < 3; i++)
		client_open(&clients[i], "embed:mixes", &params);
	handles = zeroed(NODES * sizeof(*handles));
	for (unsigned int i = 0; i < NODES - BATCH; i += BATCH)
		create_some(i, BATCH);
}

/* ------------------------------------------------------------------ OLTP */

struct seller {
	struct wn *wn;
	unsigned int n;
	uint32_t seed;
	unsigned int among;
	uint64_t done, lost_races;
};

static void sell(void *arg)
{
	struct seller *l = arg;

	while (l->done < l->n) {
		const struct wn_cqe *cqe;
		unsigned int seen = 0;
		__u32 pos;

		for (unsigned int k = 0; k < BATCH; k++) {
			struct wn_node_rec rec;
			struct wn_sqe *sqe;
			uint64_t at;

			l->seed = l->seed * 1664525u + 1013904223u;
			at = handles[(l->seed >> 8) % l->among];
			good(wn_node_read(l->wn, at, &rec), "wn_node_read");
			sqe = wn_get_sqe(l->wn);
			wn_prep_set_word(sqe, at, 0, rec.user[0] + 1, k);
			wn_sqe_if_version(sqe, rec.version);
		}
		good(wn_submit(l->wn), "wn_submit");
		wn_for_each_cqe(l->wn, pos, cqe) {
			if (cqe->res == -EAGAIN) {
				l->lost_races++;
			} else {
				good(cqe->res, "a change");
				l->done++;
			}
			seen++;
		}
		wn_cq_advance(l->wn, seen);
	}
}

static struct seller sellers[2];

static void sell_first(void *arg)
{
	sell(&sellers[0]);
}

static void sell_second(void *arg)
{
	sell(&sellers[1]);
}

static uint64_t sold(unsigned int among)
{
	struct wn_node_rec rec;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < among; i++) {
		good(wn_node_read(&clients[0], handles[i], &rec), "wn_node_read");
		sum += rec.user[0];
	}
	return sum;
}

static void oltp(struct bench_sample *s, const void *arg)
{
	const unsigned int two = *(const unsigned int *)arg, among = NODES - BATCH * 2;
	const unsigned int n = (unsigned int)bench_scale(100000);
	const struct pair p = { sell_first, sell_second, NULL, 1 };
	const uint64_t before = sold(among);
	uint64_t after;
	double ns;

	for (unsigned int i = 0; i < 2; i++)
		sellers[i] = (struct seller){ .wn = &clients[i], .n = i <= two ? n : 0, .seed = i + 1,
					      .among = among };
	if (!two)
		sellers[1].n = 0;
	ns = pair_threads(&p);
	s->ops = sellers[0].done + sellers[1].done;
	after = sold(among) - before;
	/* Each change that was told to be done is there, once. */
	if (after < s->ops)
		s->lost = s->ops - after;
	else
		s->duplicated = after - s->ops;
	s->value = (double)s->ops / ns * 1e9;
}

/* ------------------------------------------------------------- analytics */

static void scan(struct bench_sample *s, const void *arg)
{
	static const struct wn_filter all, some = { .flags = WN_FILTER_TAGS, .tags_mask = 1 };
	uint64_t n = 0, from = cpu_ns();
	struct wn_query_it it;

	good(wn_query_begin(&clients[0], &it, 0, *(const int *)arg ? &some : &all), "query");
	while (wn_query_next(&it))
		n++;
	good(wn_query_end(&it), "query");
	s->value = (double)n / (double)(cpu_ns() - from) * 1e9;
	s->ops = n;
	if (n < NODES - 2 * BATCH)
		s->lost = NODES - 2 * BATCH - n;
}

static void aggregate(struct bench_sample *s, const void *arg)
{
	const uint64_t from = cpu_ns();
	const uint64_t sum = sold(NODES - 2 * BATCH);

	s->value = (NODES - 2 * BATCH) / (double)(cpu_ns() - from) * 1e9;
	s->ops = NODES - 2 * BATCH;
	if (sum == ~0ULL)
		bench_die("no sum");
}

/* ------------------------------------------------------------- streaming */

static void take_events(struct wn *from, struct wn *to, uint64_t next, struct sequence *q,
			unsigned int n)
{
	const struct wn_event *event;
	unsigned int sent = 0;

	while (n && (event = wn_peek_event(from))) {
		uint64_t word;

		__builtin_memcpy(&word, event->data, sizeof(word));
		if (to) {
			wn_prep_emit_word(wn_get_sqe(to), next, 0, 1, word, 0);
			sent++;
		} else {
			sequence_saw(q, word);
		}
		wn_event_seen(from);
		n--;
	}
	if (sent)
		submit_and_check(to, sent);
}

static void stream(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(100000) / BATCH * BATCH;
	const uint64_t second = handles[1], third = handles[2];
	struct sequence q = { 0 };
	uint64_t from = cpu_ns();

	for (unsigned int i = 0; i < n; i += BATCH) {
		for (unsigned int k = 0; k < BATCH; k++)
			wn_prep_emit_word(wn_get_sqe(&clients[0]), second, 0, 1, i + k, 0);
		submit_and_check(&clients[0], BATCH);
		take_events(&clients[1], &clients[1], third, NULL, BATCH);
		take_events(&clients[2], NULL, 0, &q, BATCH);
	}
	s->value = n / (double)(cpu_ns() - from) * 1e9;
	sequence_end(&q, n, s);
}

static void run(const void *arg)
{
	static const unsigned int alone = 0, both = 1;
	static const int all = 0, some = 1;
	const struct bench_compare c[] = { {
		.id = "oltp", .what = "read, then change if unchanged, any of 200k nodes", .unit = "ops/s",
		.engine = "embedded, inline, 16 a submission", .where = "CPU 0 (two clients: 0 and 1)",
		.more = true, .sides = {
			{ .name = "one client", .run = oltp, .arg = &alone },
			{ .name = "two clients", .run = oltp, .arg = &both, .ours = true },
		},
	}, {
		.id = "analytics", .what = "nodes a second, 200k of them", .unit = "nodes/s",
		.engine = "embedded, inline; the sum: mapped state", .where = "CPU 0", .more = true,
		.sides = {
			{ .name = "a sum over all, mapped", .run = aggregate },
			{ .name = "all by QUERY", .run = scan, .arg = &all, .ours = true },
			{ .name = "all by QUERY with a filter", .run = scan, .arg = &some, .ours = true },
		},
	}, {
		.id = "streaming", .what = "events through three clients, end to end", .unit = "events/s",
		.engine = "embedded, inline, 16 a submission", .where = "CPU 0", .more = true,
		.sides = { { .name = "two hops", .run = stream } },
	} };

	begin();
	good(wn_bind(&clients[1], handles[1], WN_POLICY_FAIL), "wn_bind");
	good(wn_bind(&clients[2], handles[2], WN_POLICY_FAIL), "wn_bind");
	for (unsigned int i = 0; i < 3; i++)
		bench_compare(&c[i]);
	for (unsigned int i = 0; i < 3; i++)
		wn_close(&clients[i]);
	unmapped(handles, NODES * sizeof(*handles));
	domain_drop("embed:mixes");
}

const struct bench_row row_mixes = {
	.name = "20", .system = "WorknodeOS",
	.claim = "one benchmark is not enough: OLTP, analytics, streaming wanted", .run = run, .seconds = 30,
};
