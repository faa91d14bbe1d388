// SPDX-License-Identifier: MIT
/*
 * hello DOMAIN [NR]: open a domain, submit NR empty ops through the rings, and
 * tell what came back. Two of them at a time share a domain and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wn.h>

static int fail(const char *what, int err)
{
	fprintf(stderr, "hello: %s: %s\n", what, wn_strerror(err));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned int nr = argc > 2 ? (unsigned int)atoi(argv[2]) : 3;
	unsigned int i, done = 0;
	struct wn wn;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: hello DOMAIN [NR]\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return fail(argv[1], err);
	for (i = 0; i < nr; i++) {
		const struct wn_cqe *cqe;
		struct wn_sqe *sqe;

		sqe = wn_get_sqe(&wn);
		wn_prep_nop(sqe, i);
		err = wn_submit(&wn);
		if (err >= 0)
			err = wn_wait_cqe(&wn, &cqe, WN_ENTER_NO_DEADLINE);
		if (err < 0)
			return fail("submit", err);
		if (cqe->user_data != i || cqe->res)
			return fail("completion", (int)cqe->res);
		wn_cqe_seen(&wn);
		done++;
	}
	printf("process %d: %u ops done, domain %llu has seen %llu\n", getpid(), done,
	       (unsigned long long)wn.pub->domain,
	       (unsigned long long)__atomic_load_n(&wn.pub->stats[WN_STAT_COMPLETED],
						   __ATOMIC_RELAXED));
	/* Keep the domain open until stdin ends, so that somebody can look at it. */
	fflush(stdout);
	while (getchar() != EOF)
		;
	wn_close(&wn);
	return 0;
}
