// SPDX-License-Identifier: MIT
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void make(struct trace *t)
{
	static uint32_t live[TRACE_IDS], state[TRACE_IDS];
	uint64_t seed = 88172645463325252ULL;
	uint32_t next = 0, n = 0;

	for (; next < TRACE_TASKS; next++) {
		live[n++] = next;
		state[next] = trace_first(next);
	}
	for (uint32_t i = 0; i < TRACE_OPS; i++) {
		const uint32_t dice = (uint32_t)(draw(&seed) % 100);
		struct trace_op *op = &t->ops[i];
		uint32_t at = (uint32_t)(draw(&seed) % n);

		op->value = (uint32_t)(draw(&seed) % 1000);
		op->what = dice < 25 ? TRACE_CREATE : dice < 60 ? TRACE_UPDATE :
			   dice < 75 ? TRACE_DELETE : TRACE_QUERY;
		if (op->what == TRACE_CREATE) {
			at = n++;
			live[at] = next++;
		}
		op->id = live[at];
		if (op->what <= TRACE_UPDATE)
			state[op->id] = op->value;
		else if (op->what == TRACE_DELETE)
			live[at] = live[--n];
		else
			t->found += state[op->id];
	}
	t->left = n;
}

const struct trace *trace_get(void)
{
	static struct trace *t;

	if (!t) {
		t = zeroed(sizeof(*t));
		make(t);
	}
	return t;
}

void trace_hold(const char *engine, uint64_t found)
{
	if (found == trace_get()->found)
		return;
	fprintf(stderr, "wnbench: %s found other tasks than were made\n", engine);
	exit(1);
}
