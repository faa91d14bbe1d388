/* SPDX-License-Identifier: MIT */
/*
 * Who joins a fan whose producer is held back by its consumers (docs: fans).
 *
 * A ring of RING records of one size, so positions are counted in records. The producer
 * may overwrite what lies below its floor, and nothing that a consumer whose seat it sees
 * may still read:
 *
 *	producer: needs room: raise the floor F' and store it, full fence F, look at the
 *		seat and, if that is taken, at its position; overwrite, publish.
 *	who joins: look at the floor; store it as the seat's position; set the seat's bit;
 *		full fence J; look at the floor again: if it went on, once more.
 *
 * If the producer did not see the seat it has stored its floor before, and who joins sees
 * that. So from where it is told to begin nothing is overwritten before it was read. It
 * begins to read when it is done with joining.
 *
 * A record's place holds its number + 1; the producer writes it before it publishes.
 *
 * @holds			each record that is read is the one that was meant
 * @live			all that come after it are read
 * @fails NO_FENCE_F		assertion violated: the producer looks before its floor is seen
 * @fails NO_FENCE_J		assertion violated: it looks at the floor before its seat is seen
 * @fails NO_SECOND_LOOK	assertion violated: the floor went on meanwhile
 * @fails NO_FLOOR		assertion violated: the producer does not say what it overwrites
 * @fails NO_HEAD		assertion violated: the producer does not look where its consumer is
 */
#define RING	2
#define RECORDS	9

#define PROCS	2
#define LOCS	6
#define DEPTH	6
#include "tso.inc"

#define PRODUCER	0
#define CONSUMER	1

#define FLOOR	0
#define TAIL	1
#define SEAT	2		/* the engine's and the consumer's stores are one buffer's: */
#define HEAD	3		/* joining is a system call of the consumer's */
#define PLACE(n) (4 + (n) % RING)

bool all_read;

ltl p { <> all_read }

active proctype producer()
{
	byte tail, floor, limit = RING;

	do
	:: tail == RECORDS -> break
	:: tail < RECORDS ->
		if
		:: floor + RING <= tail ->
			floor++;
#ifndef NO_FLOOR
			STORE(PRODUCER, FLOOR, floor);
#endif
#ifndef NO_FENCE_F
			FENCE(PRODUCER)					/* F */
#endif
		:: else
		fi;
		limit = floor + RING;
#ifndef NO_HEAD
		if
		:: LOAD(PRODUCER, SEAT) ->
			if
			:: LOAD(PRODUCER, HEAD) + RING < limit ->
				limit = LOAD(PRODUCER, HEAD) + RING
			:: else
			fi
		:: else
		fi;
#endif
		if
		:: limit > tail ->
			STORE(PRODUCER, PLACE(tail), tail + 1);
			tail++;
			STORE(PRODUCER, TAIL, tail)
		:: else
		fi
	od
}

active proctype consumer()
{
	byte head, floor;

	floor = LOAD(CONSUMER, FLOOR);
	do
	:: true ->
		head = floor;
		STORE(CONSUMER, HEAD, head);
		STORE(CONSUMER, SEAT, 1);
#ifndef NO_FENCE_J
		FENCE(CONSUMER);					/* J */
#endif
#ifndef NO_SECOND_LOOK
		floor = LOAD(CONSUMER, FLOOR);
#endif
		if
		:: floor <= head -> break
		:: else
		fi
	od;
	do
	:: head == RECORDS -> break
	:: head < RECORDS && LOAD(CONSUMER, TAIL) > head ->
		assert(LOAD(CONSUMER, PLACE(head)) == head + 1);
		head++;
		STORE(CONSUMER, HEAD, head)
	od;
	all_read = true
}
