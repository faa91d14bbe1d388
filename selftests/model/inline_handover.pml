/* SPDX-License-Identifier: MIT */
/*
 * The inline engine's hand-over: whoever enters runs the engine, and nobody
 * waits for the lock to do so.
 *
 * Caller:	store sq_tail; store run_again; fence A; try the lock: taken by
 *		another: return, it will look again.
 * Holder:	clear run_again; fence B; scan all rings; unlock; fence C; look at
 *		run_again; set: try the lock, as above.
 * A pairs with C (the caller saw the lock held, so the holder sees run_again)
 * and with B (the holder cleared it, so it sees the tail that came before).
 * Here stores keep their order. Where they do not, it takes a full barrier between
 * sq_tail and run_again too; a release is not enough (litmus/inline-handover*).
 *
 * The lock is as weak as the kernel promises: a trylock that fails is a load
 * and orders nothing, one that succeeds is an acquire, unlocking is a release.
 * (On x86 some of them are full barriers. The protocol must not need that.)
 *
 * A holder takes BUDGET entries a turn. An inline caller that had its turn and
 * must look again hands that to a work item, which is a caller like others but
 * goes on as long as there is something to do. (queue_work is a full barrier.)
 *
 * With -DPOLLER one polling thread more, which is awake at first and goes to
 * sleep for ever at any time that it finds nothing. Thread and callers are
 * equal: the same turns under the same lock. Callers enter only when they see
 * NEED_WAKEUP behind fence D; the thread raises it, fence E, looks at the rings
 * again. D pairs with E (need_wakeup.pml tells more).
 *
 * Checked: never two at once in the engine; when the last who is in here, or
 * polls, goes away, every submitted entry is taken; nobody goes round for ever.
 *
 * @holds			three callers, each enters for its own entry
 * @holds POLLER		two callers and a polling thread
 * @live CALLERS=2		all callers come back, the work item ends
 * @live POLLER			all callers come back, the thread goes to sleep
 * @fails NO_FENCE_A		assertion violated: the lock is tried before run_again is seen
 * @fails NO_FENCE_B		assertion violated: the clearing wipes out what came after the scan
 * @fails NO_FENCE_C		assertion violated: run_again is looked at before the lock is free
 * @fails NO_AGAIN		assertion violated: the holder does not look at run_again
 * @fails CLEAR_LATE		assertion violated: run_again is cleared after the scan
 * @fails TAIL_LATE		assertion violated: run_again is set before the tail
 * @fails NO_HANDOVER		assertion violated: the budget is used up, no work item
 * @fails NO_LOCK		assertion violated: two engines at once
 * @fails POLLER NO_FENCE_D	assertion violated: the caller looks at the flag too early
 * @fails POLLER NO_FENCE_E	assertion violated: the thread looks at the tails too early
 * @fails POLLER NO_RECHECK	assertion violated: the thread goes to sleep without a second look
 */
#ifdef POLLER
#define CALLERS	2
#define HAND_OVER 0
#else
#define HAND_OVER 1
#endif
#ifndef CALLERS
#define CALLERS	3
#endif
#define BUDGET	1

#define PROCS	(CALLERS + 1)
#define EXTRA	CALLERS		/* the buffer of the work item or the polling thread */
#define TAIL(c)	(c)
#define AGAIN	CALLERS
#define LOCK	(CALLERS + 1)
#define NEED	(CALLERS + 2)
#define LOCS	(CALLERS + 3)
#define DEPTH	5
#include "tso.inc"

bool submitted[3], taken[3];	/* taken: under the lock */
bool work;			/* the work item is queued */
byte inside;			/* who is between lock and unlock */
byte present;			/* who will still take entries or look for some */
byte returned;

#define PENDING(me, c)	(LOAD(me, TAIL(c)) != taken[c])
#define NONE_MISSED	(submitted[0] == taken[0] && submitted[1] == taken[1] && \
			 submitted[2] == taken[2])

ltl p { <> (returned == CALLERS && present == 0 && !work) }

inline LEAVE()
{
	d_step {
		present--;
		assert(present > 0 || work || NONE_MISSED)
	}
}

inline TAKE(me, c)
{
	if
	:: PENDING(me, c) && budget > 0 -> d_step { taken[c] = true; budget-- }
	:: PENDING(me, c) && budget == 0 -> left = true /* not in every place */
	:: !PENDING(me, c)
	fi
}

inline SCAN(me)
{
	budget = BUDGET;
	TAKE(me, 0);
	TAKE(me, 1);
#if CALLERS == 3
	TAKE(me, 2);
#endif
	budget = 0
}

inline RUN(me, hand_over)
{
#ifndef TAIL_LATE
	STORE(me, AGAIN, 1);
#endif
#ifndef NO_FENCE_A
	FENCE(me);						/* A */
#endif
	do
#ifdef NO_LOCK
	:: true ->
#else
	:: LOAD(me, LOCK) == 1 -> break
	:: atomic { !owned[AT(me, LOCK)] && mem[LOCK] == 0 -> mem[LOCK] = 1 };
#endif
		d_step { inside++; assert(inside == 1) };
#ifndef CLEAR_LATE
		STORE(me, AGAIN, 0);
#endif
#ifndef NO_FENCE_B
		FENCE(me);					/* B */
#endif
		SCAN(me);
#ifdef CLEAR_LATE
		STORE(me, AGAIN, 0);
#endif
		inside--;
		STORE(me, LOCK, 0);
#ifndef NO_FENCE_C
		FENCE(me);					/* C */
#endif
#ifdef NO_AGAIN
		if
		:: left
		:: else -> break
		fi;
#else
		if
		:: left || LOAD(me, AGAIN) == 1
		:: else -> break
		fi;
#endif
		left = false;
		if
		:: hand_over ->
#ifndef NO_HANDOVER
			atomic { DRAINED(me) -> work = true }; /* not in every place */
#endif
			break
		:: else
		fi
	od;
	left = false
}

proctype caller(byte me)
{
	byte budget;
	bool left;

	present++;
#ifdef TAIL_LATE
	STORE(me, AGAIN, 1);
#endif
	d_step { submitted[me] = true; STORE(me, TAIL(me), 1) };
#ifdef POLLER
#ifndef NO_FENCE_D
	FENCE(me);						/* D */
#endif
	if
	:: LOAD(me, NEED) == 1 -> RUN(me, HAND_OVER)
	:: else
	fi;
#else
	RUN(me, HAND_OVER);
#endif
	LEAVE();
	returned++
}

#ifdef POLLER
#define SOME_PENDING (PENDING(EXTRA, 0) || PENDING(EXTRA, 1))

proctype extra()
{
	byte budget;
	bool left;

	do
	:: SOME_PENDING -> RUN(EXTRA, 0)
	:: else ->
		STORE(EXTRA, NEED, 1);
#ifndef NO_FENCE_E
		FENCE(EXTRA);					/* E */
#endif
#ifndef NO_RECHECK
		if
		:: SOME_PENDING -> STORE(EXTRA, NEED, 0)
		:: else -> break
		fi
#else
		break
#endif
	od;
	LEAVE()
}
#else
proctype extra()
{
	byte budget;
	bool left;

end:	do
	:: atomic { work -> work = false; present++ };
		RUN(EXTRA, 0);
		LEAVE()
	od
}
#endif

init {
	atomic {
		run caller(0);
		run caller(1);
#if CALLERS == 3
		run caller(2);
#endif
#ifdef POLLER
		present = 1;
#endif
		run extra()
	}
}
