/* SPDX-License-Identifier: MIT */
/*
 * Counter slots: value = base + sum of the attached slots, which their clients
 * store plainly at any time; attach, detach, a client's death, its successor.
 *
 * Client: slot = slot + 1 (one store), at any time, attached or not. Ops go
 *	through the ring (tail stored with release P).
 * Engine, attach:	seq = odd; fence A; v = slot, loaded once; base -= v;
 *			slot into the list; seq = even
 *	   detach, death: seq = odd; fence A; v = slot, loaded once; base += v;
 *			slot out of the list; seq = even; detach reports v
 *	A death is handled after full barrier D: all that the dead client
 *	executed is seen. (The kernel's exit path has it: last reference of the
 *	file dropped, domain lock taken.)
 * Reader: seq even; base; list; slots; seq the same: keeps the sum.
 *
 * Fence A pairs with the order of the reader's loads (acquire): a slot's value
 * younger than v is seen only by those who see the odd seq when they look
 * again. Without it a reader keeps a sum with adds that count nowhere.
 * (On machines where a store is shown to some earlier than to others the reader
 * would need a fence as well: litmus/slot-detach*. x86 and arm64 are not such.)
 *
 * What is true at any moment: an add counts from the moment that its store is
 * seen, if the engine has loaded v of attach and not yet of detach. A ghost
 * (g_base, g_attached) follows the engine's loads; nobody else looks at it.
 *
 * The page: the second client gets the first one's number when it is dead, and
 * a fresh page. Something that pinned the old page (a DMA) may write it for
 * ever. Readers map pages by number, on demand; their windows are unmapped
 * when the page changes, before the successor can attach.
 *
 * Checked: a kept sum is between what was true when the read began and when it
 * ended; live detach: what it reports is what was counted, and holds every add
 * executed before it was submitted; death: every executed add is counted, once.
 *
 * @holds			one client, which may detach and go on
 * @holds SUCCESSOR		two clients after each other, with one number
 * @holds TOGETHER		two clients at once with a slot each
 * @live			the client is folded in the end
 * @fails NO_FENCE_A		assertion violated: the slot is loaded before the odd seq is seen
 * @fails NO_FENCE_D		assertion violated: the dead client's last add is not seen yet
 * @fails NO_RELEASE_P		assertion violated: the op overtakes adds before it
 * @fails NO_ODD		assertion violated: the engine does not mark the change
 * @fails NO_RELOAD		assertion violated: the reader does not look at seq again
 * @fails LIST_OUTSIDE		assertion violated: the list changes after the even seq
 * @fails LOADED_TWICE		assertion violated: what is reported is not what was counted
 * @fails NO_SUBTRACT		assertion violated: attach does not take the slot's value off
 * @fails SUCCESSOR SAME_PAGE	assertion violated: the dead client's page is used again
 * @fails SUCCESSOR NO_UNMAP	assertion violated: the reader still sees the dead client's page
 */
#ifdef SUCCESSOR
#define ADDS	1
#define READS	2
#elif defined(TOGETHER)
#define ADDS	1
#define READS	1
#else
#define ALONE
#define ADDS	2	/* of each client, before, while and after it is attached */
#define READS	1
#endif

#define PROCS	3
#define ENGINE	2	/* its buffer; the clients' are 0 and 1 */
#define SEQ	0
#define BASE	1
#define LISTED(n) (2 + (n))	/* by a client's number */
#define PAGE(p)	(4 + (p))	/* the slot on that page */
#define OP(c)	(6 + (c))	/* the client's ring: its last op */
#define CQE(c)	(8 + (c))	/* the last answer: 1 attached, 2 + v detached */
#define LOCS	10
#define DEPTH	6
#include "tso.inc"

#define ATTACH	1
#define DETACH	2
#define BIAS	100	/* to compare by: base goes below zero, modulo 256 */
#define UNMAPPED 255

#ifdef TOGETHER
#define NUMBER(c) (c)
#else
#define NUMBER(c) 0	/* the second is set up when the first is folded */
#endif
#ifdef SAME_PAGE
#define SLOT(c)	PAGE(NUMBER(c))
#else
#define SLOT(c)	PAGE(c)
#endif

bool set_up[2], dead[2], folded[2];
byte page[2], window[2] = UNMAPPED;	/* by number: the page, what the reader has mapped */
byte executed[2];			/* the slot's value as its client wrote it */

byte g_base = BIAS, g_from[2];
bool g_attached[2];
#define TRUE_OF(c)	(g_attached[c] -> mem[SLOT(c)] - g_from[c] : 0)
#define TRUTH		(g_base + TRUE_OF(0) + TRUE_OF(1))

ltl p { <> (folded[0] && folded[1]) }

proctype client(byte me)
{
	byte adds, op, before;

	atomic { set_up[me] -> executed[me] = mem[SLOT(me)] }
	do
	:: adds < ADDS -> d_step {
		adds++;
		executed[me]++;
		STORE(me, SLOT(me), executed[me]) }
	:: op == 0 ->
		op = ATTACH;
		STORE(me, OP(me), ATTACH)
#ifdef ALONE	/* else it stays attached until it dies */
	:: op == ATTACH && mem[CQE(me)] == 1 ->
		op = DETACH;
		before = executed[me];
#ifdef NO_RELEASE_P
		mem[OP(me)] = DETACH
#else
		STORE(me, OP(me), DETACH)			/* P */
#endif
	:: op == DETACH && mem[CQE(me)] >= 2 ->
		op = DETACH + 1;
		assert(mem[CQE(me)] - 2 >= before)
#endif
	:: break						/* killed, at any moment */
	od;
#ifndef NO_FENCE_D
	FENCE(me);						/* D */
#endif
	dead[me] = true
}

inline LIST(c, on)
{
	STORE(ENGINE, LISTED(NUMBER(c)), on)
}

inline CHANGE(c, on)
{
	seq++;
#ifndef NO_ODD
	STORE(ENGINE, SEQ, seq);
#endif
#ifndef NO_FENCE_A
	FENCE(ENGINE);						/* A */
#endif
	d_step {
		v = mem[SLOT(c)];
		g_base = g_base + (on -> 0 : v - g_from[c]);
		g_from[c] = (on -> v : g_from[c]);
		g_attached[c] = on
	}
	taken = v;
#ifdef LOADED_TWICE
	v = mem[SLOT(c)];
#endif
#ifdef NO_SUBTRACT
	base = base + (on -> 0 : v);
#else
	base = base + (on -> 0 - v : v);
#endif
	STORE(ENGINE, BASE, base);
#ifndef LIST_OUTSIDE
	LIST(c, on);
#endif
	seq++;
	STORE(ENGINE, SEQ, seq);
#ifdef LIST_OUTSIDE
	LIST(c, on);
#endif
	v = 0
}

#define ATTACHED 1
#define DETACHED 2

inline TURN(c)
{
	if
	:: !dead[c] && mem[OP(c)] == ATTACH && state[c] == 0 ->
		CHANGE(c, 1);
		state[c] = ATTACHED;
#ifdef ALONE
		STORE(ENGINE, CQE(c), 1)
#endif
#ifdef ALONE
	:: mem[OP(c)] == DETACH && state[c] == ATTACHED ->
		CHANGE(c, 0);
		state[c] = DETACHED;
		counted = counted + taken - g_from[c];
		STORE(ENGINE, CQE(c), 2 + taken)
#endif
	:: dead[c] && !folded[c] ->
		if
		:: state[c] == ATTACHED ->
			CHANGE(c, 0);
			state[c] = DETACHED;
			counted = counted + executed[c] - g_from[c]
		:: else
		fi;
		folded[c] = true
	fi;
	taken = 0
}

active proctype engine()
{
	byte seq, v, taken, state[2], base, counted;

	set_up[0] = true;
#ifdef TOGETHER
	d_step { page[1] = 1; set_up[1] = true };
#endif
	do
	:: TURN(0)
#ifdef ALONE
	:: folded[0] -> folded[1] = true; break
#else
	:: TURN(1)
#endif
#ifdef SUCCESSOR
	:: folded[0] && !set_up[1] -> d_step {
#ifndef SAME_PAGE
		page[0] = 1;
#endif
#ifndef NO_UNMAP
		window[0] = UNMAPPED;
#endif
		set_up[1] = true }
#endif
	:: folded[0] && folded[1] -> break
	od;
	assert(base == counted)
}

#ifdef SUCCESSOR
/* What pinned the first client's page and outlives it. */
active proctype pin()
{
end:	folded[0] -> mem[PAGE(0)] = mem[PAGE(0)] + 1
}
#endif

inline ADD_SLOT(n)
{
	if
	:: mem[LISTED(n)] -> d_step {
		if
		:: window[n] == UNMAPPED -> window[n] = page[n]	/* the fault */
		:: else
		fi;
		sum = sum + mem[PAGE(window[n])] }
	:: else
	fi
}

active proctype reader()
{
	byte low, seq, sum, reads;

	do
	:: reads == READS -> break
	:: reads < READS ->
		low = TRUTH;
		seq = mem[SEQ];
		sum = BIAS + mem[BASE];
		ADD_SLOT(0);
#ifdef TOGETHER
		ADD_SLOT(1);
#endif
		if
#ifndef NO_RELOAD
		:: mem[SEQ] != seq || seq % 2 == 1	/* thrown away */
		:: mem[SEQ] == seq && seq % 2 == 0 ->
#else
		:: true ->
#endif
			assert(low <= sum && sum <= TRUTH)
		fi;
		d_step { low = 0; seq = 0; sum = 0; reads++ }
	od
}

init {
	atomic {
		run client(0);
#ifndef ALONE
		run client(1)
#endif
	}
}
