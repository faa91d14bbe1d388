// SPDX-License-Identifier: MIT
/*
 * A queue of jobs that no crash loses anything of:
 *
 *	jobs DOMAIN add COUNT		add so many
 *	jobs DOMAIN work WORKERS	do them, until SIGTERM
 *	jobs DOMAIN dead		say which were given up, and forget them
 *
 * The queue is a node of the domain, so it outlives all of them. A worker has a job on lease; if
 * it dies, or takes too long, another gets it. What a job does to the domain is of one atomic group
 * with its acknowledgement: once, or not at all. (What it does to the world outside may come twice:
 * WN_EV_F_REDELIVERED in the event's flags tells that.)
 */
#include "board.h"
#include "workers.h"

#include <string.h>

#define LEASE		10000000000ULL	/* ns, as below */
#define PATIENCE	100000000
#define TRIES		5

/* Cells of the queue's node, by id: how many ended how, and the sum of their numbers. */
enum { DONE = 1, DEAD, SUM, CELLS };

struct jobs {
	struct wn wn;
	__u64 queue, dead, cell[CELLS];
};

/* What all of them share, made by whoever comes first: 0 or an error. */
static __s64 find(struct jobs *j)
{
	struct wn_queue terms = { .lease = LEASE };
	__s64 res = board_node(&j->wn, 0, "dead");
	int i;

	if (WN_RES_IS_ERROR(res))
		return res;
	j->dead = (__u64)res;
	res = board_node(&j->wn, 0, "jobs");
	j->queue = (__u64)res;
	for (i = DONE; i < CELLS && !WN_RES_IS_ERROR(res); i++)
		j->cell[i] = (__u64)(res = board_cell(&j->wn, j->queue, (__u64)i, WN_CELL_GCOUNTER));
	if (!WN_RES_IS_ERROR(res))
		res = wn_bind_queue(&j->wn, j->dead, &terms);
	terms.tries = TRIES;
	terms.dead = j->dead;
	return WN_RES_IS_ERROR(res) ? res : wn_bind_queue(&j->wn, j->queue, &terms);
}

/* The next number is taken and its job is in the queue: both or neither. */
static __s64 add(struct jobs *j)
{
	struct wn_node_rec rec;
	__s64 res;

	do {
		struct wn_sqe ops[2] = { 0 };

		res = wn_node_read(&j->wn, j->queue, &rec);
		if (res)
			return res;
		wn_prep_set_word(&ops[0], j->queue, 0, rec.user[0] + 1, 0);
		wn_sqe_if_version(&ops[0], rec.version);
		wn_prep_emit_word(&ops[1], j->queue, 0, 0, rec.user[0], 0);
		res = wn_do_group(&j->wn, ops, 2, NULL);
		/* Somebody else took that number: the next. Full: wait for workers. */
	} while ((res == -EAGAIN || res == -ENOBUFS) && board_nap(1000000));
	return res;
}

/* The job has ended, and that is counted: both or neither. */
static __s64 finish(struct jobs *j, const struct wn_event *job, int how, __u64 number)
{
	struct wn_sqe ops[3] = { 0 };

	wn_prep_ack(&ops[0], job->node, job->hlc, 0);
	wn_prep_cell_count(&ops[1], j->queue, j->cell[how], WN_CELL_ADD, 1, 0);
	wn_prep_cell_count(&ops[2], j->queue, j->cell[SUM], WN_CELL_ADD, number, 0);
	return wn_do_group(&j->wn, ops, 3, NULL);
}

/* What comes from a queue, one by one; from that of the dead until nothing comes. */
static __s64 consume(struct jobs *j, __u64 queue, int how)
{
	const struct wn_queue part = { .credit = 1 };
	__s64 res = wn_bind_queue(&j->wn, queue, &part);
	struct wn_event job;
	__u64 number;

	while (!res && !(res = board_event(&j->wn, &job, how == DONE ? 0 : wn_deadline(PATIENCE)))) {
		memcpy(&number, job.data, sizeof(number));
		if (how == DONE)
			board_nap(200000);	/* the work */
		else
			printf("job %llu was given up\n", number);
		res = finish(j, &job, how, number);
		/* It took longer than the lease: another has it by now, and we did nothing. */
		res = res == -ESTALE ? 0 : res;
	}
	return res == -ETIME ? 0 : res;
}

static int work(void *arg)
{
	struct jobs *j = arg;
	const int err = wn_reopen(&j->wn);

	return board_fail("jobs", "worker", err ? err : consume(j, j->queue, DONE));
}

/* How many there are: 0 or an error. */
static __s64 show(struct jobs *j)
{
	struct wn_node_rec rec;
	__u64 n[CELLS];
	int i, err = wn_node_read(&j->wn, j->queue, &rec);

	for (i = DONE; !err && i < CELLS; i++)
		err = wn_counter_read(&j->wn, j->queue, j->cell[i], &n[i]);
	if (!err)
		printf("%llu added, %llu done, %llu given up, sum %llu\n",
		       rec.user[0], n[DONE], n[DEAD], n[SUM]);
	return err;
}

int main(int argc, char **argv)
{
	const bool dead = argc == 3 && !strcmp(argv[2], "dead");
	const bool adds = argc == 4 && !strcmp(argv[2], "add");
	long n = argc == 4 ? atol(argv[3]) : 1;
	static struct jobs j;
	__s64 err;

	if (n < 1 || (!dead && !adds && (argc != 4 || strcmp(argv[2], "work") || n > WORKERS_MAX))) {
		fprintf(stderr, "usage: jobs DOMAIN add COUNT | work WORKERS | dead\n");
		return 2;
	}
	err = wn_open(&j.wn, argv[1], NULL);
	err = err ? err : find(&j);
	for (; !err && adds && n > 0; n--)
		err = add(&j);
	if (!err && !adds)
		err = dead ? consume(&j, j.dead, DEAD) : workers_run((unsigned int)n, work, &j);
	err = err ? err : show(&j);
	wn_close(&j.wn);
	return err ? board_fail("jobs", argv[1], err) : 0;
}
