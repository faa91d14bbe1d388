/* SPDX-License-Identifier: MIT */
/* Numbered messages held against those that must come: what was lost, twice, out of order. */
#ifndef BENCH_SEQUENCE_H
#define BENCH_SEQUENCE_H

#include "../harness/bench.h"

struct sequence {
	uint64_t next;		/* the number that must come */
	uint64_t seen;
	uint64_t backward;	/* came behind a higher one */
	uint64_t twice;		/* the same as the one before */
	uint64_t skipped;	/* numbers that were jumped over, and may yet come */
};

static inline void sequence_saw(struct sequence *q, uint64_t number)
{
	q->seen++;
	if (__builtin_expect(number == q->next, 1)) {
		q->next++;
		return;
	}
	if (number > q->next) {
		q->skipped += number - q->next;
		q->next = number + 1;
	} else if (number + 1 == q->next || !q->skipped) {
		q->twice++;
	} else {
		q->backward++;
		q->skipped--;
	}
}

/* sent: how many there were, from 0. Adds to what the sample counts. */
static inline void sequence_end(const struct sequence *q, uint64_t sent, struct bench_sample *s)
{
	s->ops += sent;
	s->lost += q->skipped + (q->next < sent ? sent - q->next : 0);
	s->duplicated += q->twice;
	s->reordered += q->backward;
}

#endif
