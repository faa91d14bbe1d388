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

int wn_name_take(struct wn_name *name, const u8 bytes[WN_NAME_BYTES])
{
	u32 len, i;

	for (len = 0; len < WN_NAME_BYTES && bytes[len]; len++)
		if (bytes[len] == '/')
			return -EINVAL;
	if (len == WN_NAME_BYTES)
		return -ENAMETOOLONG;
	if (!len || (bytes[0] == '.' && (len == 1 || (len == 2 && bytes[1] == '.'))))
		return -EINVAL;
	for (i = len; i < WN_NAME_BYTES; i++)
		if (bytes[i])
			return -EINVAL;
	wn_memcpy(name->words, bytes, WN_NAME_BYTES);
	name->len = len;
	return 0;
}

static u64 hash_of(const u64 key[2], u64 parent, const u64 *words, u32 len)
{
	struct wn_hash h = wn_hash_begin(key);
	u32 i;

	wn_hash_word(&h, parent);
	for (i = 0; i < (len + 7) / 8; i++)
		wn_hash_word(&h, wn_get_le64(&words[i]));
	wn_hash_word(&h, len);
	return wn_hash_end(&h);
}

void wn_name_hash(const struct wn_core *core, struct wn_name *name, u64 parent)
{
	name->hash = hash_of(core->name_key, parent, name->words, name->len);
}

static u32 *entries_of(const struct wn_core *core, u32 bucket)
{
	const struct wn_table *t = &core->tx->tables[WN_TABLE_NAMES];

	return ((struct wn_name_bucket *)t->truth)[bucket].entries;
}

static u32 bucket_of(const struct wn_core *core, u64 hash)
{
	return (u32)hash & core->name_mask;
}

static u32 tag_of(const struct wn_core *core, u64 hash)
{
	return (u32)(hash >> 32) << core->name_bits;
}

static bool same_name(const struct wn_node_rec *rec, const u64 *words)
{
	return !wn_memcmp(rec->name, words, WN_NAME_BYTES);
}

u32 wn_names_find(struct wn_core *core, const struct wn_name *name, u64 parent)
{
	const u32 *entries = entries_of(core, bucket_of(core, name->hash));
	const u32 tag = tag_of(core, name->hash);
	const u32 mask = (1U << core->name_bits) - 1;
	u32 i;

	core->tx->steps++;
	for (i = 0; i < WN_NAME_ENTRIES; i++) {
		const struct wn_node_rec *rec;

		if ((entries[i] & ~mask) != tag || !entries[i])
			continue;
		rec = wn_node(core, (entries[i] & mask) - 1);
		core->tx->steps++;
		if (rec->parent == parent && same_name(rec, name->words))
			return (entries[i] & mask) - 1;
	}
	return WN_INDEX_NONE;
}

int wn_names_insert(struct wn_core *core, const struct wn_name *name, u32 index)
{
	const u32 bucket = bucket_of(core, name->hash);
	const u32 *entries = entries_of(core, bucket);
	struct wn_name_bucket *edit;
	u32 i;

	for (i = 0; i < WN_NAME_ENTRIES; i++) {
		if (entries[i])
			continue;
		edit = wn_tx_edit(core->tx, WN_TABLE_NAMES, bucket, 1);
		edit->entries[i] = tag_of(core, name->hash) | (index + 1);
		return 0;
	}
	return -ENOSPC;
}

void wn_names_remove(struct wn_core *core, u32 index)
{
	const struct wn_node_rec *rec = wn_node(core, index);
	struct wn_name_bucket *edit;
	u64 words[WORDS], hash;
	u32 i, len, entry, bucket;

	wn_memcpy(words, rec->name, sizeof(words));
	for (len = 0; len < WN_NAME_BYTES && rec->name[len]; len++)
		;
	hash = hash_of(core->name_key, rec->parent, words, len);
	bucket = bucket_of(core, hash);
	entry = tag_of(core, hash) | (index + 1);
	edit = wn_tx_edit(core->tx, WN_TABLE_NAMES, bucket, 1);
	for (i = 0; i < WN_NAME_ENTRIES; i++) {
		if (edit->entries[i] == entry) {
			edit->entries[i] = 0;
			return;
		}
	}
	wn_bug_on(i == WN_NAME_ENTRIES);
}
