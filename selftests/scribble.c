// SPDX-License-Identifier: MIT
#include "scribble.h"

void ws_windows_add(struct ws_windows *w, void *at, uint64_t bytes, bool entries)
{
	if (w->nr < WS_WINDOWS)
		w->window[w->nr++] = (struct ws_window){ at, (uint32_t)(bytes / 4), entries };
}

void ws_windows_of(struct ws_windows *w, const struct wn *wn)
{
	uint32_t i;

	for (i = 0; i < wn->nr_regions; i++)
		if (wn->regions[i].flags & WN_REGION_F_WRITE && wn->maps[i])
			ws_windows_add(w, wn->maps[i], wn->regions[i].bytes,
				       wn->regions[i].type == WN_REGION_SQES);
}

static void store(uint32_t *at, uint32_t word)
{
	__atomic_store_n(at, word, __ATOMIC_RELAXED);
}

/* An entry of which each part is right with some luck. */
static void nearly(const struct ws_windows *w, struct ws_dice *dice, uint32_t *sqe)
{
	const uint32_t flags = ws_any(dice, 4) ? 0 : ws_any(dice, 256), noise = ws_any(dice, 2);
	const uint32_t whose = ws_any(dice, 2);
	uint64_t node = ws_any(dice, 4) ? w->node[whose] : 0, cell = w->cell[whose];
	uint32_t i;

	store(&sqe[0], ws_any(dice, 70) | flags << 8 | (ws_any(dice, 4) ? w->cap : 0) << 16);
	store(&sqe[1], ws_any(dice, 8));
	store(&sqe[4], (uint32_t)node);
	store(&sqe[5], (uint32_t)(node >> 32));
	for (i = 6; i < 16; i++)
		store(&sqe[i], ws_any(dice, 4) ? 0 : noise * ws_any(dice, 64));
	if (ws_any(dice, 2)) {
		store(&sqe[6], (uint32_t)cell);
		store(&sqe[7], (uint32_t)(cell >> 32));
		store(&sqe[10], ws_any(dice, 64));
	}
}

void *ws_scribble(void *scribbler)
{
	struct ws_scribbler *s = scribbler;
	const struct ws_window *w;
	uint32_t n, at;

	for (n = 0; !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); n++) {
		w = &s->windows->window[n % s->windows->nr];
		at = ws_any(&s->dice, w->words);
		if (w->entries && ws_any(&s->dice, 8))
			nearly(s->windows, &s->dice, w->at + at / 16 * 16);
		else
			store(w->at + at, ws_any(&s->dice, 3) ? ws_any(&s->dice, 1U << 31) << 1 : 0);
		/* The first words of a page are the ones that are read. */
		store(w->at + ws_any(&s->dice, 64), ws_any(&s->dice, 2) ? ws_any(&s->dice, 600) :
							ws_any(&s->dice, 1U << 31) << 1);
		s->stores++;
	}
	return NULL;
}
