// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "merged.h"

#include "cell_delta.h"
#include "core.h"
#include "node.h"

void wn_merged_init(struct wn_merged *merged, void *hash, void *good, void *cells, void *way,
		    void *heap)
{
	*merged = (struct wn_merged){
		.hash = hash, .good = good, .cells = cells, .way = way, .heap = heap,
	};
}

static void pay(u32 *budget, u32 steps)
{
	*budget -= steps < *budget ? steps : *budget;
}

static bool takes_part(const struct wn_node_rec *rec)
{
	return rec->tier != WN_TIER_LOCAL;
}

static u8 *hash_of(const struct wn_merged *m, u32 index)
{
	return m->hash + (u64)index * WN_BLAKE2S_BYTES;
}

static u32 at_work(const struct wn_merged *m)
{
	return m->nr_way ? m->way[m->nr_way - 1].index : WN_INDEX_NONE;
}

/* ------------------------------------------------------------- changes */

/*
 * A node changed: its hash is not good, nor those above it. It ends where one is not good
 * already: those above that one are not either, or changed themselves, and have their turn.
 */
static void spoil(struct wn_core *core, u32 index, u32 *budget)
{
	struct wn_merged *m = core->merged;
	u32 levels;
	int above;

	for (levels = 0; levels <= WN_DEPTH_MAX; levels++) {
		m->again |= index == at_work(m);
		if (levels && !m->good[index])
			return;
		pay(budget, 1);
		m->good[index] = 0;
		above = wn_node_find(core, wn_node(core, index)->parent);
		if (above < 0)
			return;
		index = (u32)above;
	}
}

/* All that changed up to now; false: more is left. */
static bool look(struct wn_core *core, u32 *budget)
{
	struct wn_merged *m = core->merged;
	bool skipped;

	while (m->until || m->seen != core->hlc) {
		if (!m->until) {
			m->until = core->hlc;
			m->cursor = 0;
		}
		while (m->cursor < core->bounds.nodes) {
			if (!*budget)
				return false;
			pay(budget, 1);
			m->cursor = wn_changed_next(&core->changed, m->seen, m->cursor, &skipped);
			if (skipped || m->cursor >= core->bounds.nodes)
				continue;
			if (wn_node(core, m->cursor)->hlc > m->seen ||
			    core->own[m->cursor].cells_hlc > m->seen)
				spoil(core, m->cursor, budget);
			m->cursor++;
		}
		m->seen = m->until;
		m->until = 0;
	}
	return true;
}

/* --------------------------------------------------------------- cells */

/* The cell of a node with the lowest id that is not in yet, or WN_INDEX_NONE. */
static u32 next_cell(const struct wn_core *core, u32 node, u32 *budget)
{
	const struct wn_merged *m = core->merged;
	u32 at, found = WN_INDEX_NONE;

	for (at = wn_node(core, node)->first_cell; at != WN_INDEX_NONE;
	     at = wn_cell(&core->cells, at)->next) {
		pay(budget, 1);
		if (m->some && wn_cell(&core->cells, at)->id <= m->id)
			continue;
		if (found == WN_INDEX_NONE ||
		    wn_cell(&core->cells, at)->id < wn_cell(&core->cells, found)->id)
			found = at;
	}
	return found;
}

/* As much of a cell's state as one delta holds; true: its hash is there. */
static bool hash_cell(struct wn_core *core, u32 index, u32 *budget)
{
	const struct wn_cell_rec *rec = wn_cell(&core->cells, index);
	struct wn_merged_cell *done = &core->merged->cells[index];
	struct wn_merged *m = core->merged;
	int len;

	if (done->handle == rec->handle && done->version == rec->version)
		return true;
	if (m->cell != rec->handle || m->version != rec->version) {
		m->cell = rec->handle;
		m->version = rec->version;
		m->told = 0;
		wn_blake2s_begin(&m->content, NULL, 0);
	}
	wn_memset(core->vector, 0, sizeof(*core->vector));
	len = wn_cell_delta(&core->cells, index, core->vector, &m->told, core->delta,
			    WN_DELTA_BYTES_MAX);
	/* It has room for the largest piece there is. */
	if (wn_bug_on(len < 0))
		len = 0;
	wn_blake2s_add(&m->content, core->delta, (u32)len);
	pay(budget, 16 + (u32)len / 16);
	if (m->told)
		return false;
	wn_blake2s_end(&m->content, done->hash);
	done->handle = rec->handle;
	done->version = rec->version;
	m->cell = 0;
	return true;
}

static void add_cell(struct wn_merged *m, const struct wn_cell_rec *rec, u32 index)
{
	wn_blake2s_add64(&m->node, 1);
	wn_blake2s_add64(&m->node, rec->id);
	wn_blake2s_add64(&m->node, (u64)rec->type << 8 | rec->flags);
	wn_blake2s_add(&m->node, m->cells[index].hash, WN_BLAKE2S_BYTES);
	m->id = rec->id;
	m->some = true;
}

/* ------------------------------------------------------------ children */

/* A name is NUL-padded, so its bytes have an order that hangs on nothing else. */
static bool is_before(const struct wn_core *core, u32 a, u32 b)
{
	return wn_memcmp(wn_node(core, a)->name, wn_node(core, b)->name,
			 sizeof(wn_node(core, a)->name)) < 0;
}

static void heap_put(struct wn_core *core, u32 index)
{
	struct wn_merged *m = core->merged;
	u32 at = m->nr_heap++, above;

	for (; at; at = above) {
		above = (at - 1) / 2;
		if (!is_before(core, index, m->heap[above]))
			break;
		m->heap[at] = m->heap[above];
	}
	m->heap[at] = index;
}

static u32 heap_take(struct wn_core *core)
{
	struct wn_merged *m = core->merged;
	const u32 first = m->heap[0], last = m->heap[--m->nr_heap];
	u32 at = 0, below;

	while ((below = 2 * at + 1) < m->nr_heap) {
		if (below + 1 < m->nr_heap && is_before(core, m->heap[below + 1], m->heap[below]))
			below++;
		if (!is_before(core, m->heap[below], last))
			break;
		m->heap[at] = m->heap[below];
		at = below;
	}
	m->heap[at] = last;
	return first;
}

static void add_child(const struct wn_core *core, u32 index)
{
	struct wn_merged *m = core->merged;

	wn_blake2s_add64(&m->node, 2);
	wn_blake2s_add(&m->node, wn_node(core, index)->name, sizeof(wn_node(core, index)->name));
	wn_blake2s_add(&m->node, hash_of(m, index), WN_BLAKE2S_BYTES);
}

/* ----------------------------------------------------------------- way */

static void go_down(struct wn_core *core, u32 index)
{
	struct wn_merged *m = core->merged;
	const struct wn_node_rec *rec = wn_node(core, index);

	if (wn_bug_on(m->nr_way > WN_DEPTH_MAX))
		return;
	m->way[m->nr_way++] = (struct wn_merged_step){
		.handle = rec->handle, .index = index, .child = rec->first_child,
	};
	m->phase = WN_MERGED_IDLE;
}

/* The state may have changed since the last slice: go on as far down as the way holds. */
static void find_way(struct wn_core *core, u32 index)
{
	struct wn_merged *m = core->merged;
	const struct wn_node_rec *rec;
	struct wn_merged_step *s;
	u32 i;

	for (i = 0; i < m->nr_way; i++) {
		s = &m->way[i];
		rec = wn_node(core, s->index);
		if (rec->handle != s->handle || m->good[s->index] ||
		    (i ? rec->parent != m->way[i - 1].handle : s->index != index))
			break;
		/* Its place in the list of children: there still, or from the first again. */
		if (s->child != WN_INDEX_NONE && (!wn_node(core, s->child)->handle ||
						  wn_node(core, s->child)->parent != s->handle))
			s->child = rec->first_child;
	}
	if (i < m->nr_way) {
		m->nr_way = i;
		m->phase = WN_MERGED_IDLE;
	}
	if (m->again)
		m->phase = WN_MERGED_IDLE;
	m->again = false;
	if (!m->nr_way)
		go_down(core, index);
}

/* Whether a child must be hashed first: it is at work now. */
static bool visit(struct wn_core *core, u32 child)
{
	if (!takes_part(wn_node(core, child)) || core->merged->good[child])
		return false;
	core->merged->way[core->merged->nr_way - 1].child = child;
	go_down(core, child);
	return true;
}

/* ---------------------------------------------------------------- work */

/* All below the last node of the way are hashed: it has its turn. */
static void begin_node(struct wn_core *core, u32 index)
{
	static const char name[16] = "worknode merge 1";
	struct wn_merged *m = core->merged;

	wn_blake2s_begin(&m->node, name, sizeof(name));
	m->phase = WN_MERGED_CELLS;
	m->some = false;
	m->id = 0;
	m->nr_heap = 0;
	m->child = wn_node(core, index)->first_child;
}

static void cells_step(struct wn_core *core, u32 index, u32 *budget)
{
	const u32 cell = next_cell(core, index, budget);
	struct wn_merged *m = core->merged;

	if (cell == WN_INDEX_NONE)
		m->phase = WN_MERGED_SORT;
	else if (hash_cell(core, cell, budget))
		add_cell(m, wn_cell(&core->cells, cell), cell);
}

static void sort_step(struct wn_core *core, u32 *budget)
{
	struct wn_merged *m = core->merged;
	const u32 child = m->child;

	if (child == WN_INDEX_NONE) {
		m->phase = WN_MERGED_CHILDREN;
		return;
	}
	/* One that came behind the cursor of before. */
	if (visit(core, child))
		return;
	pay(budget, 2);
	m->child = wn_node(core, child)->next;
	if (takes_part(wn_node(core, child)) &&
	    !wn_bug_on(m->nr_heap >= core->bounds.children))
		heap_put(core, child);
}

static void children_step(struct wn_core *core, u32 index, u32 *budget)
{
	struct wn_merged *m = core->merged;

	if (m->nr_heap) {
		pay(budget, 4);
		add_child(core, heap_take(core));
		return;
	}
	wn_blake2s_end(&m->node, hash_of(m, index));
	m->good[index] = 1;
	m->nr_way--;
	m->phase = WN_MERGED_IDLE;
}

static void step(struct wn_core *core, u32 *budget)
{
	struct wn_merged *m = core->merged;
	struct wn_merged_step *s = &m->way[m->nr_way - 1];
	const u32 child = s->child;

	pay(budget, 1);
	switch (m->phase) {
	case WN_MERGED_IDLE:
		if (child == WN_INDEX_NONE)
			begin_node(core, s->index);
		else if (!visit(core, child))
			s->child = wn_node(core, child)->next;
		break;
	case WN_MERGED_CELLS:
		cells_step(core, s->index, budget);
		break;
	case WN_MERGED_SORT:
		sort_step(core, budget);
		break;
	case WN_MERGED_CHILDREN:
		children_step(core, s->index, budget);
		break;
	}
}

bool wn_merged_slice(struct wn_core *core, u32 index, u32 *budget)
{
	struct wn_merged *m = core->merged;

	if (!look(core, budget))
		return false;
	if (m->good[index])
		return true;
	find_way(core, index);
	/* Each step takes some of the budget. */
	while (*budget && !m->good[index])
		step(core, budget);
	return m->good[index];
}

void wn_merged_digest(const struct wn_core *core, u32 index, u8 digest[WN_BLAKE2S_BYTES])
{
	wn_memcpy(digest, hash_of(core->merged, index), WN_BLAKE2S_BYTES);
}
