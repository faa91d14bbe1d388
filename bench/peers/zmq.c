// SPDX-License-Identifier: MIT
/* ZeroMQ: PUSH to PULL over a unix socket, 64 bytes, two processes. */
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

#include "../support/pair.h"
#include "../support/sequence.h"
#include "peers.h"

#define BYTES	64u

struct job {
	char url[64];
	unsigned int n;
	struct sequence seq;
	unsigned int *all;	/* came: the sender may go */
};

/* A context must not be carried over a fork: each side makes its own. */
static void take(void *arg)
{
	struct job *j = arg;
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PULL);
	uint64_t words[BYTES / 8];

	if (zmq_bind(socket, j->url))
		bench_die("zmq_bind");
	for (unsigned int i = 0; i < j->n; i++) {
		if (zmq_recv(socket, words, BYTES, 0) != (int)BYTES)
			bench_die("zmq_recv");
		sequence_saw(&j->seq, words[0]);
	}
	__atomic_store_n(j->all, 1, __ATOMIC_RELEASE);
	zmq_close(socket);
	zmq_ctx_term(context);
}

static void send(void *arg)
{
	struct job *j = arg;
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_PUSH);
	uint64_t words[BYTES / 8] = { 0 };

	if (zmq_connect(socket, j->url))
		bench_die("zmq_connect");
	for (unsigned int i = 0; i < j->n; i++) {
		words[0] = i;
		if (zmq_send(socket, words, BYTES, 0) != (int)BYTES)
			bench_die("zmq_send");
	}
	/* Seen: what is on its way when the sender goes is lost at times, and the other waits for ever. */
	while (!__atomic_load_n(j->all, __ATOMIC_ACQUIRE))
		usleep(1000);
	zmq_close(socket);
	zmq_ctx_term(context);
}

void zmq_one_way(struct bench_sample *s, const void *arg)
{
	struct job j = { .n = (unsigned int)bench_scale(400000), .all = shared_memory(sizeof(*j.all)) };
	const struct pair p = { take, send, &j, 1 };

	snprintf(j.url, sizeof(j.url), "ipc:///tmp/wnbench-zmq-%d", (int)getpid());
	s->value = pair_processes(&p) / j.n;
	unlink(j.url + 6);
	unmapped(j.all, sizeof(*j.all));
	sequence_end(&j.seq, j.n, s);
}
