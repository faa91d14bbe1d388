// SPDX-License-Identifier: MIT
/* nng: push to pull over a unix socket, 64 bytes, two processes. */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/pair.h"
#include "../support/sequence.h"
#include "peers.h"

#define BYTES	64u

struct job {
	char url[64];
	unsigned int n;
	struct sequence seq;
	unsigned int all;	/* came: the sender may go */
};

static void take(void *arg)
{
	struct job *j = arg;
	uint64_t words[BYTES / 8];
	nng_socket socket;

	if (nng_pull0_open(&socket) || nng_listen(socket, j->url, NULL, 0))
		bench_die("nng_listen");
	for (unsigned int i = 0; i < j->n; i++) {
		size_t bytes = sizeof(words);

		if (nng_recv(socket, words, &bytes, 0) || bytes != BYTES)
			bench_die("nng_recv");
		sequence_saw(&j->seq, words[0]);
	}
	__atomic_store_n(&j->all, 1, __ATOMIC_RELEASE);
	nng_close(socket);
}

static void send(void *arg)
{
	struct job *j = arg;
	uint64_t words[BYTES / 8] = { 0 };
	nng_socket socket;
	int err = -1;

	if (nng_push0_open(&socket))
		bench_die("nng_push0_open");
	/* Until the other side listens. */
	for (int i = 0; i < 5000 && err; i++) {
		err = nng_dial(socket, j->url, NULL, 0);
		if (err)
			usleep(1000);
	}
	if (err)
		bench_die("nng_dial");
	for (unsigned int i = 0; i < j->n; i++) {
		words[0] = i;
		if (nng_send(socket, words, BYTES, 0))
			bench_die("nng_send");
	}
	/* What was sent last is on its way when the socket closes. */
	while (!__atomic_load_n(&j->all, __ATOMIC_ACQUIRE))
		usleep(1000);
	nng_close(socket);
}

/* nng keeps threads: both sides are children, so that the next run begins without them. */
void nng_one_way(struct bench_sample *s, const void *arg)
{
	struct {
		struct job job;
		double ns;
	} *shared = shared_memory(sizeof(*shared));
	int status;
	pid_t pid;

	shared->job.n = (unsigned int)bench_scale(100000);
	snprintf(shared->job.url, sizeof(shared->job.url), "ipc:///tmp/wnbench-nng-%d", (int)getpid());
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_die("no process");
	if (!pid) {
		const struct pair p = { take, send, &shared->job, 1 };

		shared->ns = pair_processes(&p);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		bench_die("nng failed");
	unlink(shared->job.url + 6);
	s->value = shared->ns / shared->job.n;
	sequence_end(&shared->job.seq, shared->job.n, s);
	unmapped(shared, sizeof(*shared));
}
