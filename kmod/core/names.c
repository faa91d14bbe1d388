// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "names.h"

#include "core.h"
#include "hash.h"
#include "node.h"

#define WORDS (WN_NAME_BYTES / 8)

/* A full domain has two entries a bucket, and a bucket has sixteen. */
u32 wn_names_buckets(u32 nodes)
{
	return nodes <= 2 ? 1 : 1U << wn_fls64(nodes - 1);
}

u32 wn_names_bits(u32 nodes)
{
	return wn_fls64(nodes) + 1;
}

#define ONES	0x0101010101010101ULL
#define HIGHS	0x8080808080808080ULL

/* The place of the first byte of a word that is 0, or 8. */
static u32 first_zero(u64 word)
{
	/* Above a byte that is 0 this may show others; the lowest is right. */
	const u64 zero = (word - ONES) & ~word & HIGHS;

	return zero ? wn_ffs64(zero) / 8 : 8;
}

int wn_name_take(struct wn_name *name, const u8 bytes[WN_NAME_BYTES])
{
	u32 i, end, len = 0;
	u64 word;

	for (i = 0; i < WORDS; i++) {
		word = wn_get_le64(bytes + 8 * i);
		end = first_zero(word);
		if (first_zero(word ^ ONES * '/') < end)
			return -EINVAL;
		len += end;
		if (end < 8)
			break;
	}
	if (i == WORDS)
		return -ENAMETOOLONG;
	/* Behind the name all is NUL, in its last word and in those that follow. */
	if (word >> 8 * end)
		return -EINVAL;
	wn_memcpy(name->words, bytes, WN_NAME_BYTES);
	for (i++; i < WORDS; i++)
		if (name->words[i])
			return -EINVAL;
	if (!len || (bytes[0] == '.' && (len == 1 || (len == 2 && bytes[1] == '.'))))
		return -EINVAL;
	name->len = len;
	return 0;
}

void wn_name_hash(const struct wn_core *core, struct wn_name *name, u64 parent)
{
	struct wn_hash h = wn_hash_begin(core->name_key);
	u32 i;

	wn_hash_word(&h, parent);
	for (i = 0; i < (name->len + 7) / 8; i++)
		wn_hash_word(&h, wn_get_le64(&name->words[i]));
	name->hash = wn_hash_end(&h);
}

static u32 *entries_of(const struct wn_core *core, u64 hash)
{
	const struct wn_table *t = &core->tx->tables[WN_TABLE_NAMES];

	return ((struct wn_name_bucket *)t->truth)[(u32)hash & core->name_mask].entries;
}

static u32 *edit_entries(struct wn_core *core, u64 hash)
{
	struct wn_name_bucket *bucket = wn_tx_edit(core->tx, WN_TABLE_NAMES,
						   (u32)hash & core->name_mask, 1);

	return bucket->entries;
}

static u32 tag_of(const struct wn_core *core, u64 hash)
{
	return (u32)(hash >> 32) << core->name_bits;
}

static bool same_name(const struct wn_node_rec *rec, const u64 *words)
{
	const wn_word *have = (const wn_word *)rec->name;
	u64 other = 0;
	u32 i;

	for (i = 0; i < WORDS; i++)
		other |= have[i] ^ words[i];
	return !other;
}

u32 wn_names_find(struct wn_core *core, const struct wn_name *name, u64 parent)
{
	const u32 *entries = entries_of(core, name->hash);
	const u32 tag = tag_of(core, name->hash);
	const u32 mask = (1U << core->name_bits) - 1;
	u32 i;

	core->tx->steps++;
	for (i = 0; i < WN_NAME_ENTRIES && entries[i]; i++) {
		const struct wn_node_rec *rec;

		if ((entries[i] & ~mask) != tag)
			continue;
		rec = wn_node(core, (entries[i] & mask) - 1);
		core->tx->steps++;
		if (rec->parent == parent && same_name(rec, name->words))
			return (entries[i] & mask) - 1;
	}
	return WN_INDEX_NONE;
}

bool wn_names_fit(struct wn_core *core, const struct wn_name *name, u32 leaving)
{
	return !entries_of(core, name->hash)[WN_NAME_ENTRIES - 1] ||
	       (leaving != WN_INDEX_NONE &&
		entries_of(core, core->own[leaving].hash) == entries_of(core, name->hash));
}

void wn_names_insert(struct wn_core *core, const struct wn_name *name, u32 index)
{
	u32 *entries = edit_entries(core, name->hash);
	u32 i;

	WN_TX_SET(core->tx, core->own[index].hash, name->hash);
	for (i = 0; i < WN_NAME_ENTRIES && entries[i]; i++)
		;
	if (wn_bug_on(i == WN_NAME_ENTRIES))
		return;
	entries[i] = tag_of(core, name->hash) | (index + 1);
}

/* The last entry takes the place of the one that goes: buckets have no holes. */
void wn_names_remove(struct wn_core *core, u32 index)
{
	const u64 hash = core->own[index].hash;
	const u32 entry = tag_of(core, hash) | (index + 1);
	u32 *entries = edit_entries(core, hash);
	u32 i, at = WN_NAME_ENTRIES;

	for (i = 0; i < WN_NAME_ENTRIES && entries[i]; i++)
		if (entries[i] == entry)
			at = i;
	if (wn_bug_on(at == WN_NAME_ENTRIES))
		return;
	entries[at] = entries[i - 1];
	entries[i - 1] = 0;
}
