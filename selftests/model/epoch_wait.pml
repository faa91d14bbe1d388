/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a change: many waiters on one queue, each until a word that only
 * grows (an epoch; a completion ring's cq_tail) differs from the value that it
 * saw last.
 *
 * Engine (wn_engine_run in kmod/engine.c): store the word; full barrier B (in
 *	wq_has_sleeper); look whether anybody is in the queue; wake all of them.
 * Waiter (wait in kmod/wait.c): state = sleeping and into the queue, with full
 *	barrier C (prepare_to_wait); look at the word: different: out of the
 *	queue, done; else schedule until the state is running; again.
 * B pairs with C.
 *
 * The queue's own lock is not modelled: being in it is a store like others, of
 * a word that the waker looks at, which is what list_empty does. State is
 * changed at once, as under the queue's lock.
 *
 * Checked: no waiter sleeps for ever though the word differs from what it saw;
 * each comes to see the last value; the word never differs without a change.
 *
 * @holds			no change is missed
 * @live			every waiter sees the last value
 * @fails NO_FENCE_B		invalid end state: the engine looks at the queue before the word is seen
 * @fails NO_FENCE_C		invalid end state: the waiter looks at the word before it is seen in the queue
 * @fails LOOK_FIRST		invalid end state: the waiter looks at the word and goes into the queue then
 * @fails LATE_STATE		invalid end state: the state is set after the look
 * @fails WAKE_FIRST		invalid end state: the engine looks at the queue, then stores the word
 * @fails WAKE_ONE		invalid end state: the engine wakes one of many
 * @fails SEEN_LATE		invalid end state: what is compared with is loaded by the wait itself
 */
#define WAITERS	2
#define CHANGES	3

#define PROCS	(WAITERS + 1)
#define ENGINE	WAITERS
#define WORD	WAITERS
#define QUEUED(w) (w)
#define LOCS	(WAITERS + 1)
#define DEPTH	4
#include "tso.inc"

bool running[WAITERS] = true;
byte ended;

ltl p { <> (ended == WAITERS) }

/* One wait; seen: the value that its caller knows. */
inline WAIT(me)
{
#ifdef SEEN_LATE
	seen = LOAD(me, WORD);
#endif
	do
	::
#ifdef LOOK_FIRST
		now = LOAD(me, WORD);
#endif
#ifndef LATE_STATE
		running[me] = false;
#endif
		STORE(me, QUEUED(me), 1);
#ifndef NO_FENCE_C
		FENCE(me);					/* C */
#endif
#ifndef LOOK_FIRST
		now = LOAD(me, WORD);
#endif
#ifdef LATE_STATE
		running[me] = false;
#endif
		if
		:: now != seen -> break
		:: else -> running[me]
		fi
	od;
	running[me] = true;
	STORE(me, QUEUED(me), 0);
	assert(now > seen);
	seen = now
}

proctype waiter(byte me)
{
	byte seen, now;

	do
	:: seen == CHANGES -> break
	:: else -> WAIT(me)
	od;
	ended++
}

inline WAKE(w)
{
	if
	:: LOAD(ENGINE, QUEUED(w)) -> running[w] = true; woken = true
	:: else
	fi
}

inline WAKE_ALL()
{
	WAKE(0);
#ifdef WAKE_ONE
	if
	:: woken
	:: else -> WAKE(1)
	fi;
#else
	WAKE(1);
#endif
	woken = false
}

proctype engine()
{
	byte word;
	bool woken;

	do
	:: word < CHANGES ->
		word++;
#ifdef WAKE_FIRST
		WAKE_ALL();
		STORE(ENGINE, WORD, word)
#else
		STORE(ENGINE, WORD, word);
#ifndef NO_FENCE_B
		FENCE(ENGINE);					/* B */
#endif
		WAKE_ALL()
#endif
	:: else -> break
	od
}

init {
	atomic {
		run waiter(0);
		run waiter(1);
		run engine()
	}
}
