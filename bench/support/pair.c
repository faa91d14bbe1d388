// SPDX-License-Identifier: MIT
#include "pair.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/bench.h"

void *shared_memory(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		bench_die("no shared memory");
	return at;
}

struct meeting {
	const struct pair *p;
	unsigned int there;	/* who has come */
};

static void meet(struct meeting *m)
{
	__atomic_add_fetch(&m->there, 1, __ATOMIC_ACQ_REL);
	/* Both may be on one CPU. */
	while (__atomic_load_n(&m->there, __ATOMIC_ACQUIRE) < 2)
		sched_yield();
}

static void *other(void *arg)
{
	struct meeting *m = arg;

	pin_to(m->p->cpu);
	meet(m);
	m->p->there(m->p->arg);
	return NULL;
}

static double here(struct meeting *m)
{
	uint64_t from;

	meet(m);
	from = wall_ns();
	m->p->here(m->p->arg);
	return (double)(wall_ns() - from);
}

double pair_threads(const struct pair *p)
{
	struct meeting m = { .p = p };
	pthread_t thread;
	double ns;

	pin_to(0);
	if (pthread_create(&thread, NULL, other, &m))
		bench_die("no thread");
	ns = here(&m);
	pthread_join(thread, NULL);
	return ns;
}

double pair_processes(const struct pair *p)
{
	struct meeting *m = shared_memory(sizeof(*m));
	double ns;
	int status;
	pid_t pid;

	pin_to(0);
	m->p = p;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_die("no process");
	if (!pid) {
		/* Not longer than this one, however that ends. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		other(m);
		_exit(0);
	}
	ns = here(m);
	if (waitpid(pid, &status, 0) != pid || status)
		bench_die("the other process failed");
	unmapped(m, sizeof(*m));
	return ns;
}
