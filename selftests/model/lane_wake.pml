/* SPDX-License-Identifier: MIT */
/*
 * A lane's wake-ups, which the sleeper pays for (docs: lanes; fences).
 *
 * A lane has one producer, one consumer, and here room for one record, so that
 * both of them wait: the consumer for a record, the producer for room. Each is
 * the publisher for the other.
 *
 * Publisher: store the record (or read it, the consumer), store the tail
 *	(head) with release, compiler barrier C, look at the other's flag;
 *	raised: one system call that wakes.
 * Sleeper: raise the own flag, membarrier M, look again at the tail (head);
 *	nothing: sleep. The wake is a token that stays (an eventfd's count), so
 *	one too many costs a look, no more. Lower the flag, without a fence.
 * M pairs with C.
 *
 * An end that is armed (wn_lane_arm) is a sleeper, too, whose sleep is in poll and whose
 * token is the client's, which poll tells until it is taken: before the look at the lane.
 *
 * membarrier(GLOBAL_EXPEDITED) is modelled as what its page promises: between
 * its call and its return there is for each registered process a moment when a
 * full barrier stands in its program: its buffer is empty then; and the caller
 * has a full barrier before and after. A process that does not run at that
 * time went through the scheduler's barrier. C keeps the program order, or the
 * look could come before the store in the program itself.
 *
 * With -DFENCED registration failed: the publisher has a full fence C, the
 * sleeper a full fence M and no membarrier.
 *
 * Checked: nobody sleeps for ever while a record, or room, is there; records
 * come whole, in order; all of them arrive.
 *
 * @holds			no lost wake, records whole
 * @live			every record arrives
 * @holds FENCED		the same by two fences
 * @live FENCED			the same by two fences
 * @fails NO_MEMBARRIER		invalid end state: the publisher's store is not drained
 * @fails NOT_REGISTERED	invalid end state: membarrier does not reach the consumer as publisher
 * @fails NO_OWN_BARRIER	invalid end state: the sleeper's flag is not drained
 * @fails NO_SECOND_LOOK	invalid end state: it sleeps at once
 * @fails LOOK_BEFORE_FLAG	invalid end state: the second look comes before the flag
 * @fails NO_COMPILER_BARRIER	invalid end state: the look at the flag before the store of the tail
 * @fails NO_WAKE		invalid end state: the publisher does not look
 * @fails NO_RELEASE		assertion violated: the tail before the record
 * @fails FENCED NO_FENCE_C	invalid end state: the publisher looks before its tail is seen
 * @fails FENCED NO_FENCE_M	invalid end state: the sleeper looks before its flag is seen
 */
#define RECORDS	4

#define PROCS	2
#define LOCS	5
#define DEPTH	6
#include "tso.inc"

#define PRODUCER	0
#define CONSUMER	1
#define OTHER(me)	(1 - (me))
#define REGISTERED(who)	true
#ifdef NOT_REGISTERED
#undef REGISTERED
#define REGISTERED(who)	((who) != CONSUMER)
#endif

#define RECORD	0
#define TAIL	1
#define HEAD	2
#define FLAG(me) (3 + (me))	/* each in a page of its own's */

bool token[PROCS];
bool all_arrived;

ltl p { <> all_arrived }

inline MEMBARRIER(me)
{
#ifndef NO_OWN_BARRIER
	FENCE(me);
#endif
#ifndef NO_MEMBARRIER
	!REGISTERED(OTHER(me)) || DRAINED(OTHER(me));
#endif
#ifndef NO_OWN_BARRIER
	FENCE(me)
#endif
}

inline PUBLISH(me, at, what)
{
#ifdef NO_COMPILER_BARRIER
	flag = LOAD(me, FLAG(OTHER(me)));
	STORE(me, at, what);
#else
	STORE(me, at, what);
#if defined(FENCED) && !defined(NO_FENCE_C)
	FENCE(me);						/* C */
#endif
	flag = LOAD(me, FLAG(OTHER(me)));
#endif
#ifndef NO_WAKE
	if
	:: flag -> token[OTHER(me)] = true
	:: else
	fi;
#endif
	flag = false
}

/* Sleep while there is what at that place. */
inline SLEEP(me, at, what)
{
#ifdef LOOK_BEFORE_FLAG
	again = LOAD(me, at) != what;
#endif
	STORE(me, FLAG(me), 1);
#ifdef FENCED
#ifndef NO_FENCE_M
	FENCE(me);						/* M */
#endif
#else
	MEMBARRIER(me);						/* M */
#endif
#if !defined(NO_SECOND_LOOK) && !defined(LOOK_BEFORE_FLAG)
	again = LOAD(me, at) != what;
#endif
	if
	:: again
	:: else -> atomic { token[me] -> token[me] = false }
	fi;
	again = false;
	STORE(me, FLAG(me), 0)
}

active proctype producer()
{
	byte tail;
	bool flag, again;

	do
	:: tail == RECORDS -> break
	:: tail < RECORDS && LOAD(PRODUCER, HEAD) != tail ->	/* no room */
		SLEEP(PRODUCER, HEAD, tail - 1)
	:: tail < RECORDS && LOAD(PRODUCER, HEAD) == tail ->
		tail++;
#ifdef NO_RELEASE
		PUBLISH(PRODUCER, TAIL, tail);
		STORE(PRODUCER, RECORD, tail)
#else
		STORE(PRODUCER, RECORD, tail);
		PUBLISH(PRODUCER, TAIL, tail)
#endif
	od
}

active proctype consumer()
{
	byte head;
	bool flag, again;

	do
	:: head == RECORDS -> break
	:: head < RECORDS && LOAD(CONSUMER, TAIL) == head ->	/* no record */
		SLEEP(CONSUMER, TAIL, head)
	:: head < RECORDS && LOAD(CONSUMER, TAIL) != head ->
		head++;
		assert(LOAD(CONSUMER, RECORD) == head);
		PUBLISH(CONSUMER, HEAD, head)
	od;
	all_arrived = true
}
