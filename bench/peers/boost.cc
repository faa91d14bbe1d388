// SPDX-License-Identifier: MIT
/* Boost.Lockfree: spsc_queue, 64 bytes by value, one at a time, threads. */
#include <boost/lockfree/spsc_queue.hpp>

extern "C" {
#include "../support/pair.h"
#include "../support/sequence.h"
#include "peers.h"
}

namespace {

struct message {
	uint64_t words[8];
};

struct job {
	boost::lockfree::spsc_queue<message, boost::lockfree::capacity<1024>> queue;
	unsigned int n;
	sequence seq;
};

void take(void *arg)
{
	job *j = static_cast<job *>(arg);
	message m;

	for (unsigned int i = 0; i < j->n; i++) {
		while (!j->queue.pop(m))
			bench_relax();
		sequence_saw(&j->seq, m.words[0]);
	}
}

void send(void *arg)
{
	job *j = static_cast<job *>(arg);
	message m = {};

	for (unsigned int i = 0; i < j->n; i++) {
		m.words[0] = i;
		while (!j->queue.push(m))
			bench_relax();
	}
}

}

extern "C" void boost_one_way(struct bench_sample *s, const void *)
{
	job *j = new job();
	const struct pair p = { take, send, j, 1 };

	j->n = static_cast<unsigned int>(bench_scale(1000000));
	s->value = pair_threads(&p) / j->n;
	sequence_end(&j->seq, j->n, s);
	delete j;
}
