// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "pool.h"

/* A word of the tree holds 2^6 bits. */
#define SHIFT 6
#define WIDTH (1u << SHIFT)

/* A cell's word when its last generation was given back: it has no next handle. */
#define RETIRED (~0ULL)

/* Root, upper, inner and leaves reach over every index there can be. */
wn_static_assert(WN_POOL_CAPACITY_MAX <= 1ULL << 4 * SHIFT);
/* The word of a free cell is no handle, as no cell has that index. */
wn_static_assert(WN_POOL_CAPACITY_MAX <= WN_INDEX_NONE);

struct shape {
	u32 leaves, inner, upper; /* words; 0: the root is in their place */
	u64 words;		  /* of memory, the cells' own included */
};

static u64 bit_of(u32 index)
{
	return 1ULL << (index % WIDTH);
}

static u32 words_for(u32 bits)
{
	return (bits + WIDTH - 1) / WIDTH;
}

static int shape_of(struct shape *shape, u32 capacity)
{
	if (!capacity)
		return -EINVAL;
	if (capacity > WN_POOL_CAPACITY_MAX)
		return -E2BIG;
	shape->leaves = words_for(capacity);
	shape->inner = shape->leaves > WIDTH ? words_for(shape->leaves) : 0;
	shape->upper = shape->inner > WIDTH ? words_for(shape->inner) : 0;
	shape->words = (u64)capacity + shape->leaves + shape->inner + shape->upper;
	return 0;
}

u64 wn_pool_bytes(u32 capacity)
{
	struct shape shape;
	u64 bytes;

	if (shape_of(&shape, capacity) || wn_mul_overflow(shape.words, (u64)sizeof(u64), &bytes))
		return 0;
	return bytes;
}

/* The first @bits bits set, those that belong to nothing clear: never free. */
static void set_all(u64 *words, u32 bits)
{
	const u32 full = bits / WIDTH;

	wn_memset(words, 0xff, full * sizeof(*words));
	if (bits % WIDTH)
		words[full] = bit_of(bits) - 1;
}

int wn_pool_init(struct wn_pool *pool, void *mem, u32 capacity)
{
	struct shape shape;
	u64 *next = mem;
	int err;
	u32 i;

	err = shape_of(&shape, capacity);
	if (err)
		return err;
	if (!mem || (unsigned long)mem % sizeof(u64))
		return -EINVAL;

	wn_memset(pool, 0, sizeof(*pool));
	pool->capacity = capacity;
	/*
	 * The words of the tree lie together and before the cells: were both to
	 * begin at the same place of a page, the low ones, which are used most,
	 * would look alike to a store buffer that compares page offsets.
	 */
	if (shape.upper)
		pool->upper = next;
	next += shape.upper;
	if (shape.inner)
		pool->inner = next;
	next += shape.inner;
	pool->leaves = next;
	next += shape.leaves;
	pool->cells = next;

	for (i = 0; i < capacity; i++)
		pool->cells[i] = wn_handle_make(0, WN_INDEX_NONE);
	set_all(pool->leaves, capacity);
	if (shape.inner)
		set_all(pool->inner, shape.leaves);
	if (shape.upper)
		set_all(pool->upper, shape.inner);
	set_all(&pool->top, shape.upper ? shape.upper : shape.inner ? shape.inner : shape.leaves);
	return 0;
}

/*
 * Nothing is free in a leaf any more: tell the words above, as far as it matters.
 * Gives @handle back, so that the usual case before it needs no stack frame.
 */
static noinline u64 leaf_emptied(struct wn_pool *pool, u32 leaf, u64 handle)
{
	u32 at = leaf;

	if (pool->inner) {
		pool->inner[at / WIDTH] &= ~bit_of(at);
		at /= WIDTH;
		if (pool->inner[at])
			return handle;
	}
	if (pool->upper) {
		pool->upper[at / WIDTH] &= ~bit_of(at);
		at /= WIDTH;
		if (pool->upper[at])
			return handle;
	}
	pool->top &= ~bit_of(at);
	return handle;
}

/* The first cell of a leaf became free. Gives 0, as its callers do. */
static noinline int leaf_filled(struct wn_pool *pool, u32 leaf)
{
	u32 at = leaf;
	u64 before;

	if (pool->inner) {
		before = pool->inner[at / WIDTH];
		pool->inner[at / WIDTH] = before | bit_of(at);
		at /= WIDTH;
		if (before)
			return 0;
	}
	if (pool->upper) {
		before = pool->upper[at / WIDTH];
		pool->upper[at / WIDTH] = before | bit_of(at);
		at /= WIDTH;
		if (before)
			return 0;
	}
	pool->top |= bit_of(at);
	return 0;
}

static __always_inline int mark_free(struct wn_pool *pool, u32 index)
{
	u64 *leaf = &pool->leaves[index / WIDTH];
	const u64 before = *leaf;

	*leaf = before | bit_of(index);
	if (unlikely(!before))
		return leaf_filled(pool, index / WIDTH);
	return 0;
}

u64 wn_pool_alloc(struct wn_pool *pool)
{
	u64 handle, free;
	u32 leaf, index;

	if (unlikely(!pool->top))
		return 0;
	leaf = wn_ffs64(pool->top);
	if (pool->upper)
		leaf = leaf << SHIFT | wn_ffs64(pool->upper[leaf]);
	if (pool->inner)
		leaf = leaf << SHIFT | wn_ffs64(pool->inner[leaf]);
	free = pool->leaves[leaf];
	index = leaf << SHIFT | wn_ffs64(free);

	/* All index bits are set: one more is the next generation with index 0. */
	handle = pool->cells[index] + 1 + index;
	pool->cells[index] = handle;
	pool->used++;
	if (unlikely(index >= pool->high))
		pool->high = index + 1;

	free &= free - 1;
	pool->leaves[leaf] = free;
	if (unlikely(!free))
		return leaf_emptied(pool, leaf, handle);
	return handle;
}

int wn_pool_free(struct wn_pool *pool, u64 handle)
{
	const int index = wn_pool_lookup(pool, handle);
	const u64 cell = handle | WN_HANDLE_INDEX_MASK;

	if (unlikely(index < 0))
		return index;
	pool->cells[index] = cell;
	pool->used--;
	if (unlikely(cell == RETIRED)) {
		pool->retired++;
		return 0;
	}
	return mark_free(pool, (u32)index);
}

int wn_pool_undo_alloc(struct wn_pool *pool, u64 handle)
{
	const int index = wn_pool_lookup(pool, handle);

	if (wn_bug_on(index < 0))
		return index;
	pool->cells[index] = handle - (u32)index - 1;
	pool->used--;
	if (wn_handle_generation(handle) == 1 && (u32)index + 1 == pool->high)
		pool->high = (u32)index;
	return mark_free(pool, (u32)index);
}

int wn_pool_undo_free(struct wn_pool *pool, u64 handle)
{
	const u64 cell = handle | WN_HANDLE_INDEX_MASK;
	u32 index = wn_handle_index(handle);
	u64 *leaf;

	if (wn_bug_on(index >= pool->capacity))
		return -ESTALE;
	index = wn_index_nospec(index, pool->capacity);
	/* Generation 0 is the word of a cell that was never used. */
	if (wn_bug_on(pool->cells[index] != cell || !wn_handle_generation(handle)))
		return -ESTALE;
	pool->cells[index] = handle;
	pool->used++;
	if (cell == RETIRED) {
		pool->retired--;
		return 0;
	}
	leaf = &pool->leaves[index / WIDTH];
	*leaf &= ~bit_of(index);
	if (!*leaf)
		leaf_emptied(pool, index / WIDTH, handle);
	return 0;
}

int wn_pool_next(const struct wn_pool *pool, u32 *cursor)
{
	u32 at = *cursor, n, index;
	u64 taken;

	for (n = 0; n < WN_POOL_SCAN_WORDS; n++) {
		if (at >= pool->high)
			goto end;
		at = wn_index_nospec(at, pool->high);
		taken = ~pool->leaves[at / WIDTH] & (~0ULL << (at % WIDTH));
		/* At most WIDTH turns, more than one only past retired cells. */
		for (; taken; taken &= taken - 1) {
			index = at / WIDTH * WIDTH + wn_ffs64(taken);
			/* Bits that stand for no cell look taken too. */
			if (index >= pool->high)
				goto end;
			if (pool->cells[index] != RETIRED) {
				*cursor = index;
				return 1;
			}
		}
		at = (at | (WIDTH - 1)) + 1;
	}
	*cursor = at;
	return -EAGAIN;
end:
	*cursor = pool->capacity;
	return 0;
}
