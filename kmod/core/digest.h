/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The state digest: 256 bits that are the same where the state is, and only there.
 * docs/core.md says what of the state it covers, docs/decisions/0003 why it is a tree.
 *
 * The records of all tables are cut into blocks of 16; a tree of hashes, 16 to 1,
 * stands on the blocks. A change only sets the block's bit (wn_tx_dirty). To read
 * the digest the marked blocks are hashed, then the marked hashes above them, in
 * slices. All of this is scratch: it can be thrown away and made again.
 */
#ifndef WN_CORE_DIGEST_H
#define WN_CORE_DIGEST_H

#include "blake2s.h"
#include "tx.h"

struct wn_bounds;
struct wn_core;

#define WN_DIGEST_LEVELS 6	/* 16^6 blocks are more than there can be */

struct wn_digest {
	u64 *dirty;		/* bits of all levels, each from a word on */
	u8 *hash;		/* 32 bytes for each bit */
	u32 levels;
	u32 at[WN_DIGEST_LEVELS + 1];	/* bit that a level begins with */
	u32 count[WN_DIGEST_LEVELS];	/* hashes of a level; the last has one */
	u32 base[WN_DIRTY_KINDS + 1];	/* block that a kind begins with */
};

/* Bits of all levels, a multiple of 64. */
u32 wn_digest_bits(const struct wn_bounds *bounds);

/* Zeroed memory: so many bits, and 32 bytes for each. The transaction marks from now on. */
void wn_digest_init(struct wn_digest *digest, struct wn_tx *tx, const struct wn_bounds *bounds,
		    void *dirty, void *hash);

/*
 * Hash what was marked; takes blocks of BLAKE2s off the budget, and may take one
 * record block (WN_DIGEST_STEP) more. False: more is left.
 */
bool wn_digest_slice(struct wn_core *core, u32 *budget);
#define WN_DIGEST_STEP 300

/* Nothing is marked: the digest. */
void wn_digest_state(const struct wn_core *core, u8 digest[WN_BLAKE2S_BYTES]);

#endif
