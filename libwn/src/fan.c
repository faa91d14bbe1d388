// SPDX-License-Identifier: MIT
/* The producer's end of a fan. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport.h"

struct wn_fan {
	const struct wn_fan_state *state;
	const char *sides;	/* of seats, a page each */
	__u64 page;
	struct wn_fan_side *own;
	__u64 floor;		/* what own->floor says */
	__u64 number;		/* of the next record, where consumers can lose some */
	__u64 broken;		/* seats whose positions are nonsense */
	__u32 named, named_life;	/* that was said to be the slowest */
	__u32 life[WN_FAN_SEATS];	/* that the next two are about */
	__u32 woken[WN_FAN_SEATS];
	__u64 seen[WN_FAN_SEATS];
};

/* In place of one peer: there is always somebody to look at. */
static const struct wn_lane_side everybody = { .flags = WN_LANE_F_SLEEPS };

static const struct wn_lane_side *side_of(const struct wn_fan *f, __u32 seat)
{
	return (const void *)(f->sides + seat * f->page);
}

static __u64 load(const __u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static bool holds(const struct wn_fan *f)
{
	return f->state->flags & WN_FAN_HOLDS;
}

static __u32 life_of(const struct wn_fan *f, __u32 seat)
{
	return __atomic_load_n(&f->state->life[seat], __ATOMIC_ACQUIRE);
}

/* ------------------------------------------------------------------ seats */

static int evict(struct wn_lane *l, __u32 seat, __u32 life)
{
	struct wn_fan_evict e = {
		.size = sizeof(e), .lane = l->lane, .seat = seat, .life = life,
	};

	return wn_call(l->wn, WN_IOC_FAN_EVICT, &e);
}

static void give_up(struct wn_lane *l, __u32 seat, __u32 life)
{
	l->fan->broken |= 1ULL << seat;
	l->fan->named_life = 0;
	evict(l, seat, life);
}

/* Whose page it is; if another has the seat by now nothing is known of it. */
static __u32 know(struct wn_lane *l, struct wn_fan *f, __u32 seat)
{
	const __u32 life = life_of(f, seat);
	int err;

	if (f->life[seat] == life)
		return life;
	f->life[seat] = life;
	f->woken[seat] = 0;
	f->seen[seat] = 0;
	f->broken &= ~(1ULL << seat);
	err = wn_renew(l->wn, &l->regions[0], l->maps[0], (1 + seat) * f->page);
	/* Who cannot be seen cannot be waited for. -ENOENT: it went meanwhile. */
	if (err && err != -ENOENT)
		give_up(l, seat, life);
	return life;
}

/* Where a consumer says that it is: of whom f->life tells. */
static __u64 told_of(struct wn_lane *l, struct wn_fan *f, __u32 seat)
{
	__u64 head;
	__u32 life;

	do {
		life = know(l, f, seat);
		head = load(&side_of(f, seat)->pos);
		/* Its page went meanwhile, perhaps: then that was nobody's. */
	} while (life_of(f, seat) != life);
	return head;
}

static bool can_be(const struct wn_lane *l, const struct wn_fan *f, __u32 seat, __u64 head)
{
	return !(head & 7) && head >= f->seen[seat] && head <= l->own->pos &&
	       !(holds(f) && l->pos - head > l->mask + 1);
}

static bool is_there(const struct wn_fan *f, __u32 seat)
{
	return load(&f->state->seats) >> seat & 1 && !(f->broken >> seat & 1);
}

/* Where a consumer is, if it is to be believed: then *head. */
static bool head_of(struct wn_lane *l, struct wn_fan *f, __u32 seat, __u64 *head)
{
	*head = told_of(l, f, seat);
	if (!is_there(f, seat))
		return false;
	if (!can_be(l, f, seat, *head)) {
		/*
		 * Who joins has its bit before it is where it begins. It is there when the
		 * engine has had another call of ours, of a life that nobody has.
		 */
		evict(l, seat, 0);
		*head = told_of(l, f, seat);
		if (!is_there(f, seat))
			return false;
		if (!can_be(l, f, seat, *head)) {
			give_up(l, seat, f->life[seat]);
			return false;
		}
	}
	f->seen[seat] = *head;
	return true;
}

/* The one that is farthest behind; false: there is none. */
static bool slowest(struct wn_lane *l, struct wn_fan *f, __u32 *seat, __u64 *least)
{
	__u64 left = load(&f->state->seats), head;
	bool any = false;

	for (; left; left &= left - 1) {
		const __u32 at = (__u32)__builtin_ctzll(left);

		if (!head_of(l, f, at, &head) || (any && head >= *least))
			continue;
		any = true;
		*seat = at;
		*least = head;
	}
	return any;
}

WN_API int wn_fan_slowest(struct wn_lane *l, __u32 *seat, __u64 *behind)
{
	__u64 head;

	if (wn_lane_error(l))
		return wn_lane_error(l);
	if (!l->fan)
		return -EINVAL;
	if (!slowest(l, l->fan, seat, &head))
		return -ENOENT;
	*behind = l->own->pos - head;
	l->fan->named = *seat;
	l->fan->named_life = l->fan->life[*seat];
	return 0;
}

WN_API int wn_fan_evict(struct wn_lane *l, __u32 seat)
{
	struct wn_fan *f = l->fan;
	__u32 life;

	if (wn_lane_error(l))
		return wn_lane_error(l);
	if (!f || seat >= WN_FAN_SEATS)
		return -EINVAL;
	/* Not whoever came after the one that was too slow. */
	life = f->named_life && f->named == seat ? f->named_life : life_of(f, seat);
	f->named_life = 0;
	return evict(l, seat, life);
}

bool wn_fan_fences(struct wn_lane *l)
{
	__u64 left = load(&l->fan->state->seats);

	for (; left; left &= left - 1) {
		const __u32 at = (__u32)__builtin_ctzll(left);

		know(l, l->fan, at);
		if (!(__atomic_load_n(&side_of(l->fan, at)->flags, __ATOMIC_RELAXED) &
		      WN_LANE_F_FENCES))
			return false;
	}
	return true;
}

int wn_fan_heed(struct wn_lane *l)
{
	struct wn_fan *f = l->fan;
	__u64 left = load(&f->state->seats);
	bool wake = false;
	int err = 0;

	/* What comes next, for who joins there. */
	__atomic_store_n(&f->own->next, f->number, __ATOMIC_RELEASE);
	__atomic_store_n(&f->own->check, l->own->pos + f->number * WN_FAN_CHECK, __ATOMIC_RELEASE);

	for (; left; left &= left - 1) {
		const __u32 at = (__u32)__builtin_ctzll(left);
		__u32 life, flags;

		/*
		 * Of one life: what the last one said would be taken for what the next one
		 * says, whose sleeps begin to count anew.
		 */
		do {
			life = know(l, f, at);
			flags = __atomic_load_n(&side_of(f, at)->flags, __ATOMIC_ACQUIRE);
		} while (life_of(f, at) != life);
		/* Once for each of its sleeps. */
		if (flags & WN_LANE_F_SLEEPS && flags != f->woken[at]) {
			f->woken[at] = flags;
			wake = true;
		}
	}
	if (wake)
		err = wn_lane_wake(l);
	return wn_lane_ended(l) ? wn_lane_gone(l) : err;
}

/* ------------------------------------------------------------------ floor */

/*
 * Put it behind what is about to be overwritten, and a bit farther, so that this is
 * seldom; never over what was not published.
 */
static void raise_floor(struct wn_lane *l, struct wn_fan *f, __u64 room)
{
	const __u64 bytes = l->mask + 1, done = l->own->pos;
	const __u64 step = bytes / 8 > room ? bytes / 8 : room;
	struct wn_lane_rec rec;

	while (f->floor + bytes < l->pos + step && f->floor < done) {
		memcpy(&rec, l->data + (f->floor & l->mask), sizeof(rec));
		f->floor += wn_lane_room(rec.len);
	}
	__atomic_store_n(&f->own->floor, f->floor, __ATOMIC_RELEASE);
}

bool wn_fan_credit(struct wn_lane *l, __u64 room)
{
	const __u64 bytes = l->mask + 1;
	struct wn_fan *f = l->fan;
	__u64 least = ~0ULL;
	__u32 seat;

	if (f->floor + bytes < l->pos + room) {
		raise_floor(l, f, room);
		/* F: pairs with J of who seats a consumer: it sees the floor, or we see it. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	if (holds(f) && slowest(l, f, &seat, &least) && least < f->floor)
		l->limit = least + bytes;
	else
		l->limit = f->floor + bytes;
	if (l->limit >= l->pos + room)
		return true;
	if (wn_lane_ended(l))
		wn_lane_gone(l);
	return false;
}

/* -------------------------------------------------------------------- put */

/* Words, each with release: who sees one of them sees the floor that made room for it. */
static void copy_in(char *to, const void *bytes, __u32 len)
{
	const char *from = bytes;
	__u64 word;
	__u32 i;

	for (i = 0; i < len; i += 8) {
		word = 0;
		memcpy(&word, from + i, len - i < 8 ? len - i : 8);
		__atomic_store_n((__u64 *)(void *)(to + i), word, __ATOMIC_RELEASE);
	}
}

static int put(struct wn_lane *l, const void *bytes, __u32 len, __u16 type, __u64 numbered)
{
	union {
		struct wn_lane_rec rec;
		__u64 word;
	} head = { .rec = { (__u32)(len + numbered), type, 0 } };
	const __u64 room = wn_lane_room((__u32)(len + numbered));
	char *to;

	if (l->limit < l->pos + room && !wn_fan_credit(l, room))
		return wn_lane_error(l) ? wn_lane_error(l) : -EAGAIN;
	to = l->data + (l->pos & l->mask);
	__atomic_store_n((__u64 *)(void *)to, head.word, __ATOMIC_RELEASE);
	if (numbered)
		__atomic_store_n((__u64 *)(void *)(to + 8), l->fan->number, __ATOMIC_RELEASE);
	copy_in(to + 8 + numbered, bytes, len);
	l->pos += room;
	return 0;
}

WN_API int wn_fan_put(struct wn_lane *l, const void *bytes, __u32 len, __u16 type)
{
	const __u64 most = l->mask + 1;
	__u64 numbered;
	int err = wn_lane_error(l);

	if (err)
		return err;
	if (!l->fan)
		return -EINVAL;
	numbered = holds(l->fan) ? 0 : sizeof(__u64);
	if (len + numbered + WN_LANE_HEADER > most)
		return -E2BIG;
	/* What was not published cannot be overwritten. */
	if (l->pos - l->own->pos + wn_lane_room((__u32)(len + numbered)) > most)
		err = wn_lane_commit(l);
	if (!err)
		err = put(l, bytes, len, type, numbered);
	if (!err)
		l->fan->number++;
	return err;
}

WN_API int wn_fan_send(struct wn_lane *l, const void *bytes, __u32 len, __u16 type)
{
	const int err = wn_fan_put(l, bytes, len, type);

	return err ? err : wn_lane_commit(l);
}

/* --------------------------------------------------------- make and forget */

void wn_fan_forget(struct wn_lane *l)
{
	free(l->fan);
}

static int begin(struct wn_lane *l)
{
	struct wn_fan *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->page = (__u64)sysconf(_SC_PAGESIZE);
	f->state = wn_fan_state(l);
	f->sides = (const char *)l->maps[0] + f->page;
	f->own = (void *)((char *)l->own + WN_FAN_OFFSET);
	l->peer = &everybody;
	l->fan = f;
	return 0;
}

WN_API int wn_fan_make(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 bytes,
		       __u32 seats, __u32 flags)
{
	struct wn_fan_make m = {
		.size = sizeof(m), .node = node, .cap = cap, .bytes = bytes, .seats = seats,
		.flags = flags,
	};
	int err;

	memset(l, 0, sizeof(*l));
	if (!*wn->alive)
		return -EOWNERDEAD;
	err = wn_call(wn, WN_IOC_FAN_MAKE, &m);
	if (!err)
		err = wn_lane_begin_at(l, wn, m.lane, m.bytes, m.regions, true);
	if (err)
		return err;
	err = begin(l);
	if (err)
		wn_lane_close(l);
	return err;
}
