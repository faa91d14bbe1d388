/* SPDX-License-Identifier: MIT */
/*
 * The sequence-checked read of a record of the public state, without a lock and
 * without a bare fence (uapi/linux/worknode.h, "How to read a record").
 *
 * Engine:  seq = odd (relaxed); each word (release W); seq = even (release E).
 * Reader:  load seq (acquire S), odd: again; each word (acquire R); load seq
 *	(relaxed), not the same: again. After TRIES tries: the READ op, which the
 *	engine answers between two changes through the completion ring, whose
 *	tail it stores with release T.
 * E pairs with S; W with R: who sees a new word sees the odd seq before it.
 * T pairs with the acquire of the tail; both are in litmus/ too.
 *
 * x86 keeps stores in order and loads in order, so the memory here is weaker: as
 * weak as release and acquire leave it on machines where a store becomes visible
 * to all others at once (arm64 is one):
 *  - Executed stores wait in a list. Each may become visible at any time, but
 *    none before an older one to the same place, and a release store only as
 *    the oldest of all.
 *  - The loads of one try are executed in any order, speculatively, with no
 *    regard to tests between them; but not before an older acquire load, and
 *    the second load of seq not before the first (same place).
 * Readers have nothing to do with each other: one stands for all. Not modelled: a
 * reader that stops within a try for 2^31 changes.
 *
 * Checked: what a read returns was one record, whole; no read returns an older
 * record than the read before it, whichever way each of them went; the reader
 * comes to an end though the engine goes on changing the record for ever.
 *
 * @holds		no torn record
 * @live ENDLESS	the reader ends, whatever the engine does
 * @fails NO_RELEASE_W	assertion violated: words become visible before the odd seq
 * @fails NO_RELEASE_E	assertion violated: the even seq becomes visible before the words
 * @fails NO_RELEASE_T	assertion violated: READ's answer is there before what it was read from
 * @fails NO_ACQUIRE_S	assertion violated: words are loaded before seq
 * @fails NO_ACQUIRE_R	assertion violated: seq is loaded again before the words
 * @fails NO_ODD	assertion violated: the engine does not mark the record
 * @fails NO_ODD_TEST	assertion violated: the reader takes an odd seq
 * @fails NO_RELOAD	assertion violated: the reader does not look at seq again
 * @stuck ENDLESS NO_BOUND	the reader tries again for ever
 */
#define TRIES	2	/* 64 in the library */
#define DEPTH	6	/* executed stores that nobody sees yet */
#ifdef ENDLESS
#define READS	1
#define VERSIONS 2	/* they wrap around */
#define AHEAD	3
#define MORE	!asked	/* round robin: READ comes next */
#else
#define READS	2
#define VERSIONS 4
#define AHEAD	DEPTH
#define CHANGES	(VERSIONS - 1)
#define MORE	(version < CHANGES)
#endif

#define SEQ	0
#define WORD0	1
#define WORD1	2
#define CQE	3	/* READ's answer and the tail of its ring; 0: none yet */
#define LOCS	4
#define NOWHERE	LOCS

byte mem[LOCS];
byte at[DEPTH] = NOWHERE, what[DEPTH], oldest_only[DEPTH], used;
hidden byte i;
bool asked, ended;

ltl p { <> ended }

inline STORE(place, value, release)
{
	d_step { used < AHEAD ->
		at[used] = place; what[used] = value; oldest_only[used] = release; used++
	}
}

/* The oldest waiting store to a place, and whether it may become visible. */
#define OLDEST(p) (at[0] == p -> 0 : (at[1] == p -> 1 : (at[2] == p -> 2 : \
		  (at[3] == p -> 3 : (at[4] == p -> 4 : 5)))))
#define MAY(p)	(at[0] == p || (at[OLDEST(p)] == p && !oldest_only[OLDEST(p)]))

active [LOCS] proctype drain()
{
end:	do
	:: d_step { MAY(_pid) ->
		i = OLDEST(_pid);
		mem[_pid] = what[i];
		used--;
		do
		:: i < used -> at[i] = at[i + 1]; what[i] = what[i + 1];
			oldest_only[i] = oldest_only[i + 1]; i++
		:: else -> break
		od;
		at[used] = NOWHERE; what[used] = 0; oldest_only[used] = 0; i = 0
	   }
	od
}

#ifdef NO_RELEASE_W
#define W 0
#else
#define W 1
#endif
#ifdef NO_RELEASE_E
#define E 0
#else
#define E 1
#endif
#ifdef NO_RELEASE_T
#define T 0
#else
#define T 1
#endif

active proctype engine()
{
	byte version;

end:	do
	:: MORE ->
		version = (version + 1) % VERSIONS;
#ifndef NO_ODD
		STORE(SEQ, (2 * version + 2 * VERSIONS - 1) % (2 * VERSIONS), 0);	/* odd */
#endif
		STORE(WORD0, version, W);
		STORE(WORD1, version, W);
		STORE(SEQ, 2 * version, E)
	:: asked ->
		asked = false;
		STORE(CQE, 1 + version, T)
	od
}

#define DID_S	(did & 1)
#define DID_0	(did & 2)
#define DID_1	(did & 4)
#ifdef NO_ACQUIRE_S
#define AFTER_S	true
#else
#define AFTER_S	DID_S
#endif
#ifdef NO_ACQUIRE_R
#define AFTER_0	true
#define AFTER_1	true
#else
#define AFTER_0	DID_0
#define AFTER_1	DID_1
#endif

/* The loads of a try, each once, in any order that the memory allows. */
inline LOADS()
{
	do
	:: d_step { !DID_S ->				seq = mem[SEQ]; did = did | 1 }
	:: d_step { !DID_0 && AFTER_S ->		word0 = mem[WORD0]; did = did | 2 }
	:: d_step { !DID_1 && AFTER_S && AFTER_0 ->	word1 = mem[WORD1]; did = did | 4 }
	:: d_step { !(did & 8) && DID_S && AFTER_0 && AFTER_1 -> again = mem[SEQ]; did = did | 8 }
	:: d_step { did == 15 -> did = 0 } -> break
	od;
#ifdef NO_RELOAD
	again = seq;
#endif
#ifdef NO_ODD_TEST
	good = seq == again
#else
	good = seq == again && seq % 2 == 0
#endif
}

active proctype reader()
{
	byte seq, word0, word1, again, did, tries, reads, last;
	bool good;

	do
	:: reads == READS -> break
	:: reads < READS ->
		do
		:: tries < TRIES ->
			LOADS();
			if
			:: good -> break
#ifdef NO_BOUND
			:: else
#else
			:: else -> tries++
#endif
			fi
		:: tries == TRIES ->
			asked = true;
			d_step { mem[CQE] -> word0 = mem[CQE] - 1; word1 = word0; mem[CQE] = 0 };
			break
		od;
#ifndef ENDLESS
		assert(word0 == word1);
		assert(word0 >= last);
#endif
		last = word0;
		d_step { seq = 0; word0 = 0; word1 = 0; again = 0; good = 0; tries = 0; reads++ }
	od;
	ended = true
}
