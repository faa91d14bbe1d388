// SPDX-License-Identifier: MIT
/*
 * taskboard PATH [TASKS OPS]: make a domain, fill it with tasks, have four processes create,
 * change, delete and look for them at once, while a fifth watches; kill one of the four half
 * way; then say what survived, and how fast it was. It checks itself: what was acknowledged is
 * there, what was not is there whole or not at all, and the watcher was told of all of it.
 */
#include "taskboard.h"
#include "taskboard_watch.h"
#include "workers.h"

#include <sys/mman.h>

/* Of all processes; zeroed. */
static void *shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* ---------------------------------------------------------------- board */

static int fill(struct wn *wn, struct worker *w, __u32 tasks)
{
	char name[32];
	__s64 res;
	__u32 i;

	for (i = 0; i < LISTS; i++) {
		snprintf(name, sizeof(name), "list-%u", w->number * LISTS + i);
		res = wn_create(wn, 0, name);
		if (WN_RES_IS_ERROR(res))
			return board_fail("taskboard", name, res);
		w->lists[i] = (__u64)res;
	}
	for (i = 0; i < tasks; i++) {
		res = task_do(wn, w, i, CREATE, 0);
		if (res)
			return board_fail("taskboard", "fill", res);
	}
	return 0;
}

static pid_t start(struct worker *w)
{
	const pid_t pid = fork();

	if (!pid)
		_exit(worker_run(w));
	return pid;
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* All four, one of which is killed half way and replaced: 0, or 1. */
static int run(struct worker *w)
{
	pid_t pid[WORKERS];
	int status, failed = 0;
	__u32 i;

	w[0].limit = w[0].ops / 8 * 7;
	for (i = 0; i < WORKERS; i++)
		pid[i] = start(&w[i]);
	while (__atomic_load_n(&w[0].done, __ATOMIC_ACQUIRE) < w[0].ops / 2) {
		if (waitpid(pid[0], &status, WNOHANG))
			return board_fail("taskboard", "a worker that was to be killed", -ESRCH);
		usleep(200);
	}
	kill(pid[0], SIGKILL);
	waitpid(pid[0], &status, 0);
	printf("worker 0 was killed after %u of its ops\n", w[0].done);
	w[0].limit = w[0].ops;
	pid[0] = start(&w[0]);
	for (i = 0; i < WORKERS; i++)
		failed |= !ended_well(pid[i]);
	return failed;
}

/* ---------------------------------------------------------------- check */

/* Tasks of one worker: how many are there; *wrong: of how many the board says another thing. */
static __u32 check(struct wn *wn, struct worker *w, const struct watch *watch, __u32 *wrong,
		   __u32 *unseen)
{
	struct wn_node_rec rec;
	__u32 n, there = 0;
	__u64 value, node;

	for (n = 0; n < w->tasks; n++) {
		const struct task *t = &w->task[n];
		const __u64 at = t->node & WN_HANDLE_INDEX_MASK;

		value = 0;
		node = task_look(wn, w, n, &value);
		there += !!node;
		if (!node != !t->exists || (node && (node != t->node || value != t->value))) {
			++*wrong;
			continue;
		}
		/* It was made before the watcher came, if nothing was told of it. */
		if (node && !wn_node_read(wn, node, &rec) && rec.version > 1 &&
		    (watch->handle[at] != node || watch->version[at] != rec.version))
			++*unseen;
	}
	return there;
}

static int by_size(const void *a, const void *b)
{
	const __u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

static void report(struct worker *w, __u32 *ns, __u64 took)
{
	__u64 kinds[4] = { 0 };
	__u32 i, k, n = 0;

	for (i = 0; i < WORKERS; i++) {
		memcpy(ns + n, w[i].ns, w[i].done * sizeof(*ns));
		n += w[i].done;
		for (k = 0; k < 4; k++)
			kinds[k] += w[i].kinds[k];
	}
	qsort(ns, n, sizeof(*ns), by_size);
	printf("%u ops acknowledged: %llu creates, %llu updates, %llu deletes, %llu queries\n", n,
	       kinds[CREATE], kinds[UPDATE], kinds[DELETE], kinds[NOTHING]);
	printf("%.0f ops/s; an op: p50 %.1f us, p99 %.1f us, p99.9 %.1f us\n", n * 1e9 / (double)took,
	       ns[n / 2] / 1e3, ns[n - n / 100 - 1] / 1e3, ns[n - n / 1000 - 1] / 1e3);
}

/* Whether all that the notes say is on the board, and nothing else. */
static int judge(struct wn *wn, const char *path, struct worker *w, const struct watch *watch)
{
	__u32 i, there = 0, wrong = 0, unseen = 0;
	struct wn_domain_info info;
	__u8 digest[WN_DIGEST_BYTES];
	int err;

	for (i = 0; i < WORKERS; i++)
		there += check(wn, &w[i], watch, &wrong, &unseen);
	err = wn_domain_info(path, &info);
	if (!err)
		err = wn_digest(wn, digest);
	if (err)
		return board_fail("taskboard", path, err);
	printf("in flight when it was killed: %u, of which %u had been done, whole\n",
	       w[0].in_flight, w[0].applied);
	printf("%u tasks are on the board; %u are not as they were acknowledged\n", there, wrong);
	printf("the watcher was told of %llu changes, fell behind %llu times, missed %u\n",
	       watch->changes, watch->rescans, unseen);
	printf("state digest ");
	for (i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	printf("\n");
	/* Nobody made a node that is not theirs, and none is half there. */
	if (info.nodes != there + WORKERS * LISTS + 1) {
		fprintf(stderr, "taskboard: %u nodes, %u were made\n", info.nodes,
			there + WORKERS * LISTS + 1);
		return 1;
	}
	return wrong || unseen || w[0].in_flight > 1 || !watch->changes;
}

static int play(struct wn *wn, const char *path, __u32 tasks, __u32 ops)
{
	struct worker *w = shared(WORKERS * sizeof(*w));
	struct watch *watch = shared(sizeof(*watch));
	__u32 *ns = shared((ops + WORKERS) * sizeof(*ns));
	__u64 began;
	pid_t pid;
	__u32 i;

	if (!w || !watch || !ns)
		return board_fail("taskboard", "memory", -ENOMEM);
	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){
			.number = i, .path = path, .seed = i + 1,
			.tasks = tasks / WORKERS * 5 / 4, .ops = ops / WORKERS,
			.limit = ops / WORKERS,
		};
		w[i].ns = shared((ops / WORKERS + 1) * sizeof(*ns));
		w[i].task = shared((w[i].tasks + 1) * sizeof(*w[i].task));
		if (!w[i].ns || !w[i].task)
			return board_fail("taskboard", "memory", -ENOMEM);
		if (fill(wn, &w[i], tasks / WORKERS))
			return 1;
	}
	printf("%u tasks in %u lists; now %u processes work on them, one watches\n",
	       tasks / WORKERS * WORKERS, WORKERS * LISTS, WORKERS);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(watcher(path, watch));
	while (!__atomic_load_n(&watch->ready, __ATOMIC_ACQUIRE) && !waitpid(pid, NULL, WNOHANG))
		usleep(1000);
	began = board_now();
	if (run(w))
		return 1;
	began = board_now() - began;
	__atomic_store_n(&watch->ended, 1, __ATOMIC_RELEASE);
	if (!ended_well(pid))
		return 1;
	report(w, ns, began);
	return judge(wn, path, w, watch);
}

/* A domain with the default bounds, but more nodes. */
static int make(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *mount = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	struct wn_bounds_query q;
	int err = wn_bounds(mount, WN_BOUNDS_DEFAULT, &q);

	free(mount);
	if (err)
		return err;
	q.bounds.nodes = NODES;
	return wn_domain_create(path, 0600, &q.bounds);
}

int main(int argc, char **argv)
{
	const __u32 tasks = argc > 3 ? (__u32)atoi(argv[2]) : 10000;
	const __u32 ops = argc > 3 ? (__u32)atoi(argv[3]) : 100000;
	struct wn wn;
	int err;

	if (argc < 2 || tasks < 100 || tasks > 12000 || ops < 1000 || ops > 10000000) {
		fprintf(stderr, "usage: taskboard PATH [TASKS OPS]\n");
		return 2;
	}
	err = make(argv[1]);
	if (!err)
		err = wn_open(&wn, argv[1], NULL);
	if (err)
		return board_fail("taskboard", argv[1], err);
	err = play(&wn, argv[1], tasks, ops);
	wn_close(&wn);
	if (!err)
		printf("taskboard: all that was acknowledged is there\n");
	return err;
}
