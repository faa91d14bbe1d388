// SPDX-License-Identifier: MIT
/* Concurrency Kit: its ring for one producer and one consumer, 64 bytes by value, threads. */
#include <ck_ring.h>
#include <stdlib.h>

#include "../support/pair.h"
#include "../support/sequence.h"
#include "peers.h"

#define SLOTS	1024u

struct message {
	uint64_t words[8];
};

CK_RING_PROTOTYPE(message, message)

struct job {
	ck_ring_t ring;
	struct message *slots;
	unsigned int n;
	struct sequence seq;
};

static void take(void *arg)
{
	struct job *j = arg;
	struct message m;

	for (unsigned int i = 0; i < j->n; i++) {
		while (!CK_RING_DEQUEUE_SPSC(message, &j->ring, j->slots, &m))
			bench_relax();
		sequence_saw(&j->seq, m.words[0]);
	}
}

static void send(void *arg)
{
	struct job *j = arg;
	struct message m = { { 0 } };

	for (unsigned int i = 0; i < j->n; i++) {
		m.words[0] = i;
		while (!CK_RING_ENQUEUE_SPSC(message, &j->ring, j->slots, &m))
			bench_relax();
	}
}

void ck_one_way(struct bench_sample *s, const void *arg)
{
	static struct job j;
	const struct pair p = { take, send, &j, 1 };

	if (!j.slots)
		j.slots = zeroed(SLOTS * sizeof(*j.slots));
	ck_ring_init(&j.ring, SLOTS);
	j.seq = (struct sequence){ 0 };
	j.n = (unsigned int)bench_scale(1000000);
	s->value = pair_threads(&p) / j.n;
	sequence_end(&j.seq, j.n, s);
}
