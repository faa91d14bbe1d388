// SPDX-License-Identifier: MIT
/* A consumer's end of a fan. */
#include "lane.h"

#include <sched.h>
#include <string.h>

#include "transport.h"

/* Of a record that is overwritten again and again: then the caller has a look elsewhere. */
#define TRIES	64
#define PATIENCE_NS	10000000	/* with one that is being told, by who may be preempted */
#define UNKNOWN	(~0ULL)

static __u64 floor_of(const struct wn_lane *l)
{
	const struct wn_fan_side *side = (const void *)((const char *)l->peer + WN_FAN_OFFSET);

	return __atomic_load_n(&side->floor, __ATOMIC_ACQUIRE);
}

static __u64 word_at(const struct wn_lane *l, __u64 pos)
{
	/* Acquire: the floor that made room for it is loaded behind it. */
	return __atomic_load_n((const __u64 *)(void *)(l->data + (pos & l->mask)),
			       __ATOMIC_ACQUIRE);
}

static void copy_out(const struct wn_lane *l, void *to, __u64 from, __u32 len)
{
	__u64 word;
	__u32 i;

	for (i = 0; i < len; i += 8) {
		word = word_at(l, from + i);
		memcpy((char *)to + i, &word, len - i < 8 ? len - i : 8);
	}
}

/* What was read at l->pos may have been of another record: go on at the floor. */
static bool was_cut_off(struct wn_lane *l)
{
	const __u64 floor = floor_of(l);

	if (floor <= l->pos)
		return false;
	if (floor & 7)
		wn_lane_broken(l);
	else
		l->pos = l->limit = floor;
	return true;
}

/*
 * The number of the record that it begins with: what was before it came is not lost. In the
 * record, if that is there, else in the producer's page.
 */
static void find_number(struct wn_lane *l)
{
	const struct wn_fan_side *side = (const void *)((const char *)l->peer + WN_FAN_OFFSET);
	__u64 tail, next, check, until = 0;
	int n;

	for (n = 0; !l->error && (!until || wn_deadline(0) < until); n++) {
		was_cut_off(l);
		check = __atomic_load_n(&side->check, __ATOMIC_ACQUIRE);
		next = __atomic_load_n(&side->next, __ATOMIC_ACQUIRE);
		tail = __atomic_load_n(&l->peer->pos, __ATOMIC_ACQUIRE);
		if (tail != l->pos)
			next = word_at(l, l->pos + 8);
		else if (check != tail + next * WN_FAN_CHECK && (tail || next))
			next = UNKNOWN;
		if (next != UNKNOWN && !was_cut_off(l)) {
			l->next = next;
			return;
		}
		if (n < TRIES)
			continue;
		/* Not by a count: where all is busy a yield takes long. */
		if (!until)
			until = wn_deadline(PATIENCE_NS);
		sched_yield();
	}
}

WN_API int wn_fan_join(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 flags)
{
	struct wn_fan_join j = {
		.size = sizeof(j), .node = node, .cap = cap, .flags = flags,
		.lane = WN_LANE_ANY,
	};
	int err;

	memset(l, 0, sizeof(*l));
	if (!*wn->alive)
		return -EOWNERDEAD;
	err = wn_call(wn, WN_IOC_FAN_JOIN, &j);
	if (!err)
		err = wn_lane_begin_at(l, wn, j.lane, j.bytes, j.regions, false);
	if (err)
		return err;
	if (l->pos & 7) {
		wn_lane_close(l);
		return -EPROTO;
	}
	l->kind = j.fan & WN_FAN_HOLDS ? WN_LANE_K_HOLDS : WN_LANE_K_LOSES;
	l->seat = j.seat;
	l->life = j.life;
	l->next = UNKNOWN;
	if (l->kind == WN_LANE_K_LOSES)
		find_number(l);
	return 0;
}

/* One look: its length, or -EAGAIN with *again: it is worth another. */
static __s64 look(struct wn_lane *l, void *to, __u32 size, __u16 *type, __u64 *lost, bool *again)
{
	union {
		__u64 word;
		struct wn_lane_rec rec;
	} head;
	__u64 tail, room, number;
	__u32 len;

	*again = was_cut_off(l);
	if (*again)
		return -EAGAIN;
	tail = __atomic_load_n(&l->peer->pos, __ATOMIC_ACQUIRE);
	if (tail == l->pos) {
		if (wn_lane_more(l))
			*again = true;
		return l->error ? l->error : -EAGAIN;
	}
	head.word = word_at(l, l->pos);
	number = word_at(l, l->pos + 8);
	*again = was_cut_off(l);
	if (*again)
		return -EAGAIN;
	room = wn_lane_room(head.rec.len);
	/* It is the producer's word now. */
	if (tail < l->pos || tail & 7 || tail - l->pos > l->mask + 1 || room > tail - l->pos ||
	    head.rec.len < sizeof(number))
		return wn_lane_broken(l);
	len = head.rec.len - (__u32)sizeof(number);
	if (len > size)
		return -EMSGSIZE;
	copy_out(l, to, l->pos + 16, len);
	*again = was_cut_off(l);
	if (*again)
		return -EAGAIN;
	if (type)
		*type = head.rec.type;
	if (lost)
		*lost = l->next == UNKNOWN ? 0 : number - l->next;
	l->next = number + 1;
	l->pos += room;
	l->limit = l->pos;
	return len;
}

/* A consumer that holds the producer back copies, too. */
static __s64 take(struct wn_lane *l, void *to, __u32 size, __u16 *type, __u64 *lost)
{
	__u32 len;
	const void *from = wn_lane_peek(l, &len);
	int err;

	if (!from)
		return wn_lane_error(l) ? wn_lane_error(l) : -EAGAIN;
	/* Who lost the seat may have read a length that is none. */
	if (len > size && wn_lane_was_taken(l))
		return wn_lane_gone(l);
	if (len > size) {
		/* To it, not over what was void before it: the room of that was given back. */
		l->pos -= wn_lane_room(len);
		return -EMSGSIZE;
	}
	copy_out(l, to, (__u64)((const char *)from - l->data), len);
	if (type)
		*type = wn_lane_type(from);
	if (wn_lane_was_taken(l))
		return wn_lane_gone(l);
	if (lost)
		*lost = 0;
	err = wn_lane_consume(l);
	return err ? err : (__s64)len;
}

WN_API __s64 wn_fan_read(struct wn_lane *l, void *to, __u32 size, __u16 *type, __u64 *lost)
{
	__s64 len = wn_lane_error(l);
	bool again = true;
	int n;

	if (len)
		return len;
	if (l->kind == WN_LANE_K_HOLDS)
		return take(l, to, size, type, lost);
	if (l->kind != WN_LANE_K_LOSES)
		return -EINVAL;
	for (n = 0; n < TRIES && again && !l->error; n++)
		len = look(l, to, size, type, lost, &again);
	/* Where it is: for whoever looks at how far behind it is. */
	if (len >= 0)
		__atomic_store_n(&l->own->pos, l->pos, __ATOMIC_RELEASE);
	return l->error ? l->error : len;
}
