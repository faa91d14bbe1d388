// SPDX-License-Identifier: MIT
#include "worker.h"

#include <stdio.h>

#include "domain.h"

/* Each answer is looked at. */
static void answers(struct worker *w, unsigned int n, __u64 *last)
{
	const struct wn_cqe *cqe;
	__u32 pos, seen = 0;

	good(wn_submit(&w->wn), "wn_submit");
	wn_for_each_cqe(&w->wn, pos, cqe) {
		if (WN_RES_IS_ERROR(cqe->res))
			w->bad++;
		else
			w->good++;
		*last = (__u64)cqe->res;
		seen++;
	}
	w->bad += n - seen;
	wn_cq_advance(&w->wn, seen);
}

static void one_round(struct worker *w, unsigned int r)
{
	__u64 made = 0;
	void *data;
	struct wn_sqe *sqe;
	unsigned int i;

	for (i = 0; i < WORKER_ROUND - 2; i++)
		wn_prep_set_word(wn_get_sqe(&w->wn), w->board, i % 4, r + i, i);
	sqe = wn_get_sqe_wide(&w->wn, &data);
	wn_prep_create(sqe, data, w->board, "job", 1, r, 0, i);
	answers(w, WORKER_ROUND - 1, &made);
	wn_prep_destroy(wn_get_sqe(&w->wn), made, 0, 0);
	answers(w, 1, &made);
}

void worker_rounds(struct worker *w, unsigned int rounds)
{
	for (unsigned int r = 0; r < rounds; r++)
		one_round(w, r);
}

void worker_open(struct worker *w, const char *domain, unsigned int number)
{
	const struct wn_params params = { .sq_entries = 32, .cq_entries = 32 };
	char name[32];

	snprintf(name, sizeof(name), "worker-%u", number);
	client_open(&w->wn, domain, &params);
	w->board = good(wn_create(&w->wn, 0, name), name);
	w->good = 0;
	w->bad = 0;
}

void worker_close(struct worker *w)
{
	wn_close(&w->wn);
}
