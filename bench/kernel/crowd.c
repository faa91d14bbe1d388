// SPDX-License-Identifier: MIT
/*
 * crowd DOMAIN [PROCESSES [ROUNDS]]: so many processes, each a client of one domain, each
 * with rounds of 16 ops of which it reads every answer. When there are more than ten one
 * of them is killed half way, with ops done and answers unread: the others must not
 * notice. JSON.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wn.h>

#define ROUND	16u
#define PROCESSES_MAX 1000

struct told {
	__u64 good, bad;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* end: the round in which it dies. */
static void work(const char *domain, unsigned int number, unsigned int rounds, unsigned int end,
		 struct told *told)
{
	const struct wn_params params = { .sq_entries = 32, .cq_entries = 32 };
	const struct wn_cqe *cqe;
	char name[32];
	struct wn wn;
	__s64 node;
	__u32 pos;
	unsigned int r, i, seen;

	if (wn_open(&wn, domain, &params))
		_exit(1);
	snprintf(name, sizeof(name), "worker-%u", number);
	node = wn_create(&wn, 0, name);
	if (WN_RES_IS_ERROR(node))
		_exit(1);
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < ROUND; i++)
			wn_prep_set_word(wn_get_sqe(&wn), (__u64)node, i % 4, r, i);
		if (wn_submit(&wn) != (int)ROUND)
			_exit(1);
		if (r == end)
			raise(SIGKILL);
		seen = 0;
		wn_for_each_cqe(&wn, pos, cqe) {
			told->good += !WN_RES_IS_ERROR(cqe->res);
			told->bad += WN_RES_IS_ERROR(cqe->res);
			seen++;
		}
		wn_cq_advance(&wn, seen);
		if (seen != ROUND)
			_exit(1);
	}
	wn_close(&wn);
	_exit(0);
}

int main(int argc, char **argv)
{
	const unsigned int processes = argc > 2 ? (unsigned int)atoi(argv[2]) : 60;
	const unsigned int rounds = argc > 3 ? (unsigned int)atoi(argv[3]) : 200;
	const int victim = processes > 10 ? (int)processes / 2 : -1;
	unsigned int i, failed = 0;
	__u64 good = 0, bad = 0;
	static pid_t pids[PROCESSES_MAX];
	struct told *told;
	int status, killed = 0;
	double from;

	if (argc < 2 || !processes || processes > PROCESSES_MAX) {
		fprintf(stderr, "usage: crowd DOMAIN [PROCESSES [ROUNDS]], at most %d processes\n",
			PROCESSES_MAX);
		return 2;
	}
	told = mmap(NULL, processes * sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 1;
	from = now();
	for (i = 0; i < processes; i++) {
		pids[i] = fork();
		if (!pids[i])
			work(argv[1], i, rounds, (int)i == victim ? rounds / 2 : rounds, &told[i]);
		if (pids[i] < 0)
			return 1;
	}
	for (i = 0; i < processes; i++) {
		if (waitpid(pids[i], &status, 0) < 0)
			return 1;
		if ((int)i == victim)
			killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		else
			failed += !!status;
		good += told[i].good;
		bad += told[i].bad;
	}
	printf("{ \"processes\": %u, \"killed\": %d, \"failed\": %u, \"good\": %llu, \"bad\": %llu, "
	       "\"seconds\": %.3f\n}\n", processes, killed, failed, (unsigned long long)good,
	       (unsigned long long)bad, now() - from);
	/* All but the one that was killed did all. */
	return failed || bad || killed != (victim >= 0) ||
	       good != (__u64)(processes - killed) * rounds * ROUND +
		       (__u64)killed * (rounds / 2) * ROUND;
}
