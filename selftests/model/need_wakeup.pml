/* SPDX-License-Identifier: MIT */
/*
 * NEED_WAKEUP: clients that submit without a system call, against a polling
 * thread that goes to sleep.
 *
 * Client (libwn/src/submit.c, publish and need_enter):
 *	store sq_tail; fence A; look at the flag; raised: WN_IOC_ENTER.
 * Thread (the flag is set by wn_ring_flag, tails are seen by wn_ring_pending):
 *	state = sleeping (wakes before this are forgotten: set_current_state);
 *	raise the flag in every client's page; fence B, one for all of them;
 *	look at every tail again; nothing: schedule, until state is running.
 *	Then lower the flags, without a fence: one ENTER too many does no harm.
 * A pairs with B.
 *
 * Checked: no state in which the thread sleeps, the clients are done and an
 * entry lies untaken; and every entry is taken in the end, if every process
 * goes on.
 *
 * @holds				no lost wake-up
 * @live				every entry is taken
 * @fails NO_FENCE_A	invalid end state: the client looks at the flag before its tail is seen
 * @fails NO_FENCE_B	invalid end state: the thread looks at the tails before its flag is seen
 * @fails NO_RECHECK	invalid end state: the thread does not look again
 * @fails RECHECK_FIRST	invalid end state: it looks again and raises the flag then
 * @fails LOOK_FIRST	invalid end state: the client looks at the flag before it stores the tail
 * @fails LATE_STATE	invalid end state: a wake before the state was set is forgotten
 * @fails NO_ENTER	invalid end state: the client does not enter
 */
#define CLIENTS	2
#define ENTRIES	2	/* of each client, submitted one by one */

#define PROCS	(CLIENTS + 1)
#define LOCS	(2 * CLIENTS)
#define DEPTH	4
#include "tso.inc"

#define TAIL(c)	(c)
#define FLAG(c)	(CLIENTS + (c))
#define THREAD	CLIENTS		/* its buffer */

bool running = true;
byte taken[CLIENTS];

#define PENDING(c)	(LOAD(THREAD, TAIL(c)) != taken[c])
#define ALL_TAKEN	(taken[0] == ENTRIES && taken[1] == ENTRIES)

ltl p { <> ALL_TAKEN }

proctype client(byte me)
{
	byte tail;
	bool flag;

	do
	:: tail < ENTRIES ->
		tail++;
#ifdef LOOK_FIRST
		flag = LOAD(me, FLAG(me));
#endif
		STORE(me, TAIL(me), tail);
#ifndef NO_FENCE_A
		FENCE(me);			/* A */
#endif
#ifndef LOOK_FIRST
		flag = LOAD(me, FLAG(me));
#endif
#ifndef NO_ENTER
		if
		:: flag ->
			FENCE(me);		/* the system call's, in the waking */
			running = true
		:: else
		fi;
#endif
		flag = false
	:: else -> break
	od
}

inline raise(on)
{
	STORE(THREAD, FLAG(0), on);
	STORE(THREAD, FLAG(1), on)
}

inline look_again()
{
	found = PENDING(0);
	found = found || PENDING(1)
}

proctype thread()
{
	bool found;

	do
	:: PENDING(0) -> taken[0]++
	:: PENDING(1) -> taken[1]++
	:: ALL_TAKEN -> break
	:: !PENDING(0) && !PENDING(1) && !ALL_TAKEN ->	/* idle for long enough */
#ifndef LATE_STATE
		running = false;
#endif
#ifdef RECHECK_FIRST
		look_again();
#endif
		raise(1);
#ifndef NO_FENCE_B
		FENCE(THREAD);			/* B */
#endif
#if !defined(NO_RECHECK) && !defined(RECHECK_FIRST)
		look_again();
#endif
#ifdef LATE_STATE
		running = false;
#endif
		if
		:: found
		:: else -> running
		fi;
		running = true;
		found = false;
		raise(0)
	od
}

init {
	atomic {
		run client(0);
		run client(1);
		run thread()
	}
}
