/* SPDX-License-Identifier: MIT */
/*
 * Reading public state without a system call, as <linux/worknode.h> tells under
 * "public state". <wn.h> includes this.
 *
 * Each of these tries at most WN_READ_TRIES times and then asks the engine by an
 * op instead, or for its turn's end by a NOP where lists and sums are read, as it
 * does where the client may not map public state, or no longer: then what the engine
 * says is -EKEYREVOKED, say, and never a signal. The slow ways are the calls
 * wn_*_slow(), which wait. Any thread may read while the client's own thread goes
 * on, but for that slow way.
 */
#ifndef WN_READ_H
#define WN_READ_H

#include <errno.h>
#include <stdbool.h>
#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WN_READ_TRIES	64

typedef __u64 __attribute__((__may_alias__)) wn_word64;

/* The record's index in its table. */
static inline __u32 wn_handle_index(__u64 handle)
{
	return (__u32)(handle & WN_HANDLE_INDEX_MASK);
}

/* A record of the public region, or NULL: not mapped, or no such index. */
static inline const void *wn_public_record(const struct wn *wn, unsigned int area, __u32 index)
{
	const struct wn_area *a;

	if (!wn->pub || !*wn->alive)
		return NULL;
	a = &wn->pub->areas[area];
	if (!a->offset || index >= a->count)
		return NULL;
	return (const char *)wn->pub + a->offset + (__u64)index * a->stride;
}

/*
 * Copy a record that begins with its sequence: 0, or -EAGAIN: it is being written.
 * bytes is a multiple of 8.
 */
static inline int wn_record_try(const void *record, void *to, size_t bytes)
{
	const __u32 *seq = (const __u32 *)record;
	const wn_word64 *from = (const wn_word64 *)record;
	wn_word64 *words = (wn_word64 *)to;
	__u32 before = WN_LOAD_ACQUIRE(seq);
	size_t i;

	if (before & 1)
		return -EAGAIN;
	/* The acquires keep the second look at seq behind them. */
	for (i = 0; i < bytes / sizeof(*words); i++)
		words[i] = WN_LOAD_ACQUIRE(&from[i]);
	return __atomic_load_n(seq, __ATOMIC_RELAXED) == before ? 0 : -EAGAIN;
}

/*
 * The domain's epoch, or with its lowest bit while a change is written out. What
 * was read between two looks at the same even epoch is of one moment.
 */
static inline __u64 wn_epoch(const struct wn *wn)
{
	return wn->pub && *wn->alive ? WN_LOAD_ACQUIRE(&wn->pub->epoch) : 0;
}

/* The domain's clock: the last stamp it gave. */
static inline __u64 wn_clock(const struct wn *wn)
{
	return wn->pub && *wn->alive ? WN_LOAD_ACQUIRE(&wn->pub->hlc) : 0;
}

/* Of a stamp, ms since 1970. */
static inline __u64 wn_hlc_ms(__u64 hlc)
{
	return hlc >> 16;
}

/*
 * Whether what is mapped shows the domain, or nothing any more: it reads as zeroes once
 * the right to it was revoked or has expired.
 */
static inline bool wn_public_is_there(const struct wn *wn)
{
	/* Acquires of what was read before keep this look behind them. */
	return wn->pub && *wn->alive &&
	       __atomic_load_n(&wn->pub->magic, __ATOMIC_RELAXED) == WN_PUBLIC_MAGIC;
}

int wn_node_read_slow(struct wn *wn, __u64 node, struct wn_node_rec *rec);

/* A node's record: 0 or -ESTALE; what wn_do() says of the slow way. node: a handle. */
static inline int wn_node_read(struct wn *wn, __u64 node, struct wn_node_rec *rec)
{
	const void *at = wn_public_record(wn, WN_AREA_NODES, wn_handle_index(node));
	unsigned int try_;

	for (try_ = 0; at && try_ < WN_READ_TRIES; try_++)
		if (!wn_record_try(at, rec, sizeof(*rec))) {
			if (node && rec->handle == node)
				return 0;
			if (wn_public_is_there(wn))
				return -ESTALE;
			break;
		}
	return wn_node_read_slow(wn, node, rec);
}

int wn_cell_read_slow(struct wn *wn, __u64 node, __u64 cell, struct wn_cell_rec *rec);

/*
 * A cell's record as it lies there: 0 or -ESTALE. node: what it hangs on. Of a counter with slots attached
 * its value lacks what lies in them: wn_counter_read().
 */
static inline int wn_cell_read(struct wn *wn, __u64 node, __u64 cell, struct wn_cell_rec *rec)
{
	const void *at = wn_public_record(wn, WN_AREA_CELLS, wn_handle_index(cell));
	unsigned int try_;

	for (try_ = 0; at && try_ < WN_READ_TRIES; try_++)
		if (!wn_record_try(at, rec, sizeof(*rec))) {
			if (cell && rec->handle == cell && rec->node == (node ? node : wn->pub->root))
				return 0;
			if (wn_public_is_there(wn))
				return -ESTALE;
			break;
		}
	return wn_cell_read_slow(wn, node, cell, rec);
}

/* ---- In the library: they need more than one record. */

/*
 * The child of that name: its handle, or -ENOENT, which is certain: there was no
 * such child at a moment during the call. WN_RES_IS_ERROR tells them apart.
 * parent: 0 for the root.
 */
__s64 wn_lookup(struct wn *wn, __u64 parent, const char *name);

/*
 * The node at a path of names parted by '/', from start (0: the root); a slash in
 * front, double or behind is no matter. -ENOENT, -ENAMETOOLONG. Each step is of a
 * moment of its own: what is moved meanwhile may be missed.
 */
__s64 wn_path_lookup(struct wn *wn, __u64 start, const char *path);

/*
 * Handles of the children, the newest first, as they were at one moment: how many
 * there are, of which at most max were stored. -ESTALE; -EAGAIN: they changed all
 * the time; -ENXIO: public state is not mapped, use wn_query_begin().
 */
int wn_children(struct wn *wn, __u64 node, __u64 *handles, unsigned int max);

/* The cell of a node with that id: its handle, -ENOENT, and as wn_children(). */
__s64 wn_cell_find(struct wn *wn, __u64 node, __u64 id);

/*
 * A counter's value, or what is left of an escrow: with what lies in slots that are
 * attached. 0; -ESTALE; -EINVAL: neither of them; -EAGAIN: written all the time;
 * -ENXIO: it has slots, and this client may not see them.
 */
int wn_counter_read(struct wn *wn, __u64 node, __u64 cell, __u64 *value);

/*
 * An lww's value: its length, of which at most size bytes were stored. hlc, unless
 * NULL: its stamp, 0 where it was never written.
 */
int wn_lww_read(struct wn *wn, __u64 node, __u64 cell, void *value, unsigned int size,
		__u64 *hlc);

#ifdef __cplusplus
}
#endif

#endif
