// SPDX-License-Identifier: MIT
/*
 * prefork DOMAIN [WORKERS [HITS]]: a server that forks its workers before they
 * have anything to do. The parent makes the state; each worker inherits the
 * parent's client, may not use it, and takes one of its own by wn_reopen(). They
 * count into one shared counter, and the parent holds the sum against what it knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wn.h>

#define HITS	1	/* the counter's id on its node */

static int fail(const char *what, __s64 err)
{
	fprintf(stderr, "prefork: %s: %s\n", what, wn_strerror((int)err));
	return 1;
}

static int work(struct wn *wn, __u64 server, __u64 counter, unsigned int hits)
{
	__s64 res;

	if (wn_cell_add(wn, server, counter, 1) != -EOWNERDEAD)
		return fail("an inherited client did something", 0);
	res = wn_reopen(wn);
	if (res)
		return fail("wn_reopen", res);
	while (hits--) {
		res = wn_cell_add(wn, server, counter, 1);
		if (WN_RES_IS_ERROR(res))
			return fail("wn_cell_add", res);
	}
	wn_close(wn);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int workers = argc > 2 ? (unsigned int)atoi(argv[2]) : 4;
	unsigned int hits = argc > 3 ? (unsigned int)atoi(argv[3]) : 1000;
	unsigned int i, failed = 0;
	__s64 server, counter;
	int status, err;
	struct wn wn;
	__u64 sum;

	if (argc < 2) {
		fprintf(stderr, "usage: prefork DOMAIN [WORKERS [HITS]]\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return fail(argv[1], err);
	server = wn_create(&wn, 0, "server");
	if (WN_RES_IS_ERROR(server))
		return fail("wn_create", server);
	counter = wn_cell_create(&wn, (__u64)server, HITS, WN_CELL_GCOUNTER, 0);
	if (WN_RES_IS_ERROR(counter))
		return fail("wn_cell_create", counter);

	fflush(NULL);
	for (i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return fail("fork", -ENOMEM);
		if (!pid)
			_exit(work(&wn, (__u64)server, (__u64)counter, hits));
	}
	for (i = 0; i < workers; i++)
		if (wait(&status) < 0 || status)
			failed++;
	err = wn_counter_read(&wn, (__u64)server, (__u64)counter, &sum);
	if (err)
		return fail("wn_counter_read", err);
	printf("%u workers, %u of them failed, %llu hits of %llu\n", workers, failed,
	       (unsigned long long)sum, (unsigned long long)workers * hits);
	wn_close(&wn);
	return failed || sum != (__u64)workers * hits;
}
