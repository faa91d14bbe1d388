// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "idem.h"

#include "hash.h"

u32 wn_idem_heads(u32 keys)
{
	return keys <= 1 ? 1 : 2U << wn_fls64(keys - 1);
}

/* Hashed with the secret: nobody can choose keys that make a long chain. */
static u32 *head_of(const struct wn_core *core, const struct wn_idem_ring *ring, u64 key)
{
	struct wn_hash h = wn_hash_begin(core->secret);

	wn_hash_word(&h, key);
	return &ring->heads[wn_hash_end(&h) & (wn_idem_heads(core->bounds.idem_keys) - 1)];
}

const struct wn_idem *wn_idem_find(const struct wn_core *core, const struct wn_idem_ring *ring,
				   u64 key)
{
	u32 at = *head_of(core, ring, key), n;

	for (n = 0; at && n < core->bounds.idem_keys; n++) {
		const struct wn_idem *entry = &ring->keys[at - 1];

		core->tx->steps++;
		if (entry->key == key)
			return entry;
		at = entry->next;
	}
	return NULL;
}

static void forget(struct wn_core *core, struct wn_idem_ring *ring, u32 index)
{
	u32 *link = head_of(core, ring, ring->keys[index].key), n;

	for (n = 0; *link && n < core->bounds.idem_keys; n++) {
		core->tx->steps++;
		if (*link == index + 1) {
			WN_TX_SET(core->tx, *link, ring->keys[index].next);
			return;
		}
		link = &ring->keys[*link - 1].next;
	}
	wn_bug_on(n <= core->bounds.idem_keys);
}

void wn_idem_add(struct wn_core *core, struct wn_idem_ring *ring, const struct wn_idem *answer)
{
	struct wn_idem *entry = &ring->keys[ring->at];
	u32 *head;

	if (ring->used == core->bounds.idem_keys)
		forget(core, ring, ring->at);
	else
		WN_TX_SET(core->tx, ring->used, ring->used + 1);
	head = head_of(core, ring, answer->key);
	wn_tx_save(core->tx, entry, sizeof(*entry) / sizeof(u64));
	*entry = *answer;
	entry->next = *head;
	WN_TX_SET(core->tx, *head, ring->at + 1);
	WN_TX_SET(core->tx, ring->at, ring->at + 1 == core->bounds.idem_keys ? 0 : ring->at + 1);
}

void wn_idem_clear(struct wn_core *core, struct wn_idem_ring *ring)
{
	wn_memset(ring->keys, 0, core->bounds.idem_keys * sizeof(*ring->keys));
	wn_memset(ring->heads, 0, wn_idem_heads(core->bounds.idem_keys) * sizeof(*ring->heads));
	ring->at = 0;
	ring->used = 0;
}
