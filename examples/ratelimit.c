// SPDX-License-Identifier: MIT
/*
 * ratelimit DOMAIN PORT WORKERS KEY=RIGHTS/MS...: a web server with forked workers that
 * share rate limits. GET /KEY is answered 200 as long as there are rights, else 429.
 *
 * A limit is an escrow that is refilled: RIGHTS each MS milliseconds, never more than that
 * unspent. A worker takes a few at a time to its own page, spends them there by plain
 * stores, gives back what it does not need. One that is killed leaves what it spent spent
 * and the rest to the others. Started again the server goes on with what the domain holds.
 */
#include "board.h"
#include "http.h"
#include "workers.h"

#define ESCROW		1	/* the cell's id on its node */
#define LIMITS_MAX	16

struct limit {
	char key[WN_NAME_BYTES];
	unsigned long long rights, ms;
	__u64 node, cell;
	struct wn_escrow escrow;	/* the worker's, as all below */
	int used;			/* since the last tick */
};

struct server {
	struct http_site site;
	struct wn wn;
	unsigned int workers;
	int listener;
	int nr;
	struct limit limits[LIMITS_MAX];
};

/* The limit's node and escrow, made if they are not there: 0 or an error. */
static __s64 make(struct wn *wn, struct limit *l)
{
	__s64 node = board_node(wn, 0, l->key), cell;
	struct wn_sqe sqe = { 0 };
	char data[64] = { 0 };

	cell = WN_RES_IS_ERROR(node) ? node : wn_cell_find(wn, (__u64)node, ESCROW);
	l->node = (__u64)node;
	l->cell = (__u64)cell;
	if (cell != -ENOENT)
		return WN_RES_IS_ERROR(cell) ? cell : 0;
	wn_prep_escrow_create(&sqe, data, l->node, ESCROW, l->ms * 1000000, l->rights, l->rights, 0);
	cell = wn_do(wn, &sqe, data, NULL);
	l->cell = (__u64)cell;
	/* The first window begins with all of its rights. */
	if (!WN_RES_IS_ERROR(cell))
		cell = wn_cell_add(wn, l->node, l->cell, l->rights);
	return WN_RES_IS_ERROR(cell) ? cell : 0;
}

/* Spend one, after taking a share of what is left: nobody sits on much of it. */
static __s64 spend(struct server *s, struct limit *l)
{
	__s64 err = wn_escrow_spend(&l->escrow, 1), left;

	while (err == -EDQUOT) {
		left = wn_cell_rights(&s->wn, l->node, l->cell);
		if (left == 0 || WN_RES_IS_ERROR(left))
			return left ? left : -EDQUOT;
		/* -EDQUOT: others were faster. Look again. */
		err = wn_escrow_take(&l->escrow, 1 + (__u64)left / (4 * s->workers));
		err = err ? err : wn_escrow_spend(&l->escrow, 1);
	}
	return err;
}

static int answer(struct http_site *site, const char *path)
{
	struct server *s = (struct server *)site;
	struct limit *l = s->limits;
	__s64 err;

	for (; strcmp(path, l->key); l++)
		if (l == &s->limits[s->nr - 1])
			return 404;
	l->used = 1;
	err = spend(s, l);
	if (err && err != -EDQUOT)
		board_fail("ratelimit", path, err);
	return !err ? 200 : err == -EDQUOT ? 429 : 503;
}

/* What was not asked for lately is for others. */
static void tick(struct http_site *site)
{
	struct server *s = (struct server *)site;
	struct limit *l;

	for (l = s->limits; l < s->limits + s->nr; l++) {
		if (!l->used && wn_escrow_left(&l->escrow))
			wn_escrow_give(&l->escrow, wn_escrow_left(&l->escrow));
		l->used = 0;
	}
}

static int work(void *arg)
{
	struct server *s = arg;
	struct limit *l;
	int err = wn_reopen(&s->wn);

	for (l = s->limits; !err && l < s->limits + s->nr; l++)
		err = wn_escrow_attach(&l->escrow, &s->wn, l->node, l->cell);
	return board_fail("ratelimit", "worker", err ? err : http_serve(&s->site, s->listener));
}

int main(int argc, char **argv)
{
	static struct server s = { .site = { answer, tick } };
	struct limit *l = s.limits;
	__s64 err;

	for (; s.nr < argc - 4 && s.nr < LIMITS_MAX; s.nr++, l++)
		if (sscanf(argv[4 + s.nr], "%63[^=/]=%llu/%llu", l->key, &l->rights, &l->ms) != 3)
			break;
	s.workers = argc > 3 ? (unsigned int)atoi(argv[3]) : 0;
	if (argc < 5 || s.nr != argc - 4 || !s.workers || s.workers > WORKERS_MAX) {
		fprintf(stderr, "usage: ratelimit DOMAIN PORT WORKERS KEY=RIGHTS/MS...\n"
			"1 to %d workers, 1 to %d limits\n", WORKERS_MAX, LIMITS_MAX);
		return 2;
	}
	s.listener = http_listen((unsigned short)atoi(argv[2]));
	if (s.listener < 0)
		return board_fail("ratelimit", argv[2], s.listener);
	err = wn_open(&s.wn, argv[1], NULL);
	for (l = s.limits; !err && l < s.limits + s.nr; l++)
		err = make(&s.wn, l);
	err = err ? err : workers_run(s.workers, work, &s);
	if (err)
		return board_fail("ratelimit", argv[1], err);
	for (l = s.limits; l < s.limits + s.nr; l++)
		printf("%s: %lld rights left\n", l->key,
		       (long long)wn_cell_rights(&s.wn, l->node, l->cell));
	wn_close(&s.wn);
	return 0;
}
