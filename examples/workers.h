/* SPDX-License-Identifier: MIT */
/*
 * Forked workers and who looks after them: one that is killed is replaced, one that
 * fails ends all. They go with their parent, whatever becomes of that.
 */
#ifndef EXAMPLE_WORKERS_H
#define EXAMPLE_WORKERS_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX	64

/* What a worker does; 0 is a good end, after which nobody takes its place. */
typedef int worker_fn(void *arg);

static inline pid_t worker_start(worker_fn *work, void *arg, const sigset_t *before)
{
	const pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, before, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before it was asked for. */
	_exit(getppid() == parent ? work(arg) : 1);
}

/* Those that ended: started anew, or counted off. -EIO: one has failed. */
static inline int workers_reap(pid_t *pids, unsigned int nr, unsigned int *running,
			       worker_fn *work, void *arg, const sigset_t *before)
{
	unsigned int i;
	int status;

	for (i = 0; i < nr; i++) {
		if (pids[i] <= 0 || waitpid(pids[i], &status, WNOHANG) != pids[i])
			continue;
		pids[i] = 0;
		if (WIFEXITED(status) && !WEXITSTATUS(status)) {
			--*running;
			continue;
		}
		if (WIFEXITED(status))
			return -EIO;
		pids[i] = worker_start(work, arg, before);
		if (pids[i] < 0)
			return -errno;
	}
	return 0;
}

/*
 * Until all are done, or SIGTERM or SIGINT came: 0; -errno. Who was told to end is told
 * again by some (timeout tells the program, then its group): that ends nothing half way.
 */
static inline int workers_run(unsigned int nr, worker_fn *work, void *arg)
{
	pid_t pids[WORKERS_MAX] = { 0 };
	unsigned int i, running = 0;
	sigset_t set, before;
	int err = 0, signal = 0;

	if (!nr || nr > WORKERS_MAX)
		return -EINVAL;
	/* Blocked from before the first is there, so that no end is missed. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &before);
	for (i = 0; i < nr && !err; i++) {
		pids[i] = worker_start(work, arg, &before);
		err = pids[i] < 0 ? -errno : 0;
		running += !err;
	}
	while (!err && running) {
		if (sigwait(&set, &signal))
			continue;
		if (signal != SIGCHLD)
			break;
		err = workers_reap(pids, nr, &running, work, arg, &before);
	}
	for (i = 0; i < nr; i++) {
		if (pids[i] <= 0)
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	if (signal != SIGTERM && signal != SIGINT)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

#endif
