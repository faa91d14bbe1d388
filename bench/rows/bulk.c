// SPDX-License-Identifier: MIT
/* Row 9: records from 1 KB to 1 MB by a lane, each written and read in full, against a pipe. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>

#include "../support/lanes.h"
#include "../support/pair.h"
#include "rows.h"

#define TOTAL	(256u << 20)	/* bytes a run */

struct way {
	int fds[2];
	unsigned int n, bytes;
	uint64_t torn;
};

static void transfer(int fd, char *at, unsigned int bytes, bool out)
{
	while (bytes) {
		const ssize_t n = out ? write(fd, at, bytes) : read(fd, at, bytes);

		if (n <= 0)
			bench_die("pipe");
		at += n;
		bytes -= (unsigned int)n;
	}
}

static void take(void *arg)
{
	struct way *w = arg;
	uint64_t *words = malloc(w->bytes);

	for (unsigned int i = 0; i < w->n; i++) {
		uint64_t wrong = 0;

		transfer(w->fds[0], (char *)words, w->bytes, false);
		for (unsigned int k = 0; k < w->bytes / 8; k++)
			wrong |= words[k] ^ (i + k);
		w->torn += !!wrong;
	}
	free(words);
}

static void send(void *arg)
{
	struct way *w = arg;
	uint64_t *words = malloc(w->bytes);

	for (unsigned int i = 0; i < w->n; i++) {
		for (unsigned int k = 0; k < w->bytes / 8; k++)
			words[k] = i + k;
		transfer(w->fds[1], (char *)words, w->bytes, true);
	}
	free(words);
}

static void by_pipe(struct bench_sample *s, const void *arg)
{
	const struct lane_run *r = arg;
	struct way w = { .n = (unsigned int)bench_scale(r->records), .bytes = r->bytes };
	const struct pair p = { take, send, &w, 1 };

	if (pipe(w.fds))
		bench_die("pipe");
	/* As much as an unprivileged user may have. */
	fcntl(w.fds[0], F_SETPIPE_SZ, 1 << 20);
	s->value = (double)w.bytes * w.n / pair_processes(&p) * 1e3;
	s->ops = w.n;
	if (w.torn)
		bench_die("a record was torn in a pipe");
	close(w.fds[0]);
	close(w.fds[1]);
}

static void run(const void *arg)
{
	static const struct {
		unsigned int bytes;
		const char *id, *what;
		double claim;
	} each[] = {
		{ 1024, "1k", "1 KB records", 500 }, { 10240, "10k", "10 KB records", 800 },
		{ 102400, "100k", "100 KB records", 1000 }, { 1048576, "1m", "1 MB records", 1200 },
	};

	for (unsigned int i = 0; i < 4; i++) {
		const struct lane_run r = {
			.records = TOTAL / each[i].bytes, .bytes = each[i].bytes, .batch = 1,
			.ring = each[i].bytes >= 100000 ? 4u << 20 : 1u << 20,
		};
		const struct bench_compare c = {
			.id = each[i].id, .what = each[i].what, .unit = "MB/s", .more = true,
			.engine = "lane, polling", .where = "CPU 1 to 0",
			.sides = {
				{ .name = "lane", .run = lane_rate, .arg = &r },
				{ .name = "pipe of 1 MB", .run = by_pipe, .arg = &r },
			},
			.checks = {
				{ .what = "MB/s", .figure = each[i].claim },
				/* 500,000 records of 1 KB a second are 512 MB/s. */
				{ .what = i ? NULL : "500k records a second, in MB/s", .figure = 512 },
			},
		};

		bench_compare(&c);
	}
}

const struct bench_row row_bulk = {
	.name = "9", .system = "INOS",
	.claim = "zero-copy: 1 KB > 500k ops/s and 500 MB/s, 10 KB > 800 MB/s, 100 KB > 1000 MB/s, 1 MB > 1200 MB/s",
	.run = run, .seconds = 20,
};
