// SPDX-License-Identifier: MIT
#include "space.h"

#include <sys/mman.h>
#include <unistd.h>

#include "futex.h"

static struct wn_embed_space *space;

int wn_embed_space_init(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct wn_embed_space *none = NULL;
	void *mine;

	if (__atomic_load_n(&space, __ATOMIC_ACQUIRE))
		return 0;
	mine = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mine == MAP_FAILED)
		return -ENOMEM;
	if (madvise(mine, page, MADV_WIPEONFORK)) {
		munmap(mine, page);
		return -ENOMEM;
	}
	if (!__atomic_compare_exchange_n(&space, &none, mine, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		munmap(mine, page);
	return 0;
}

u64 wn_embed_life(void)
{
	u64 life = __atomic_load_n(&space->life, __ATOMIC_RELAXED), mine;

	if (life)
		return life;
	/* A child is forked later than its parent first came here. */
	mine = wn_embed_boottime() | 1;
	if (__atomic_compare_exchange_n(&space->life, &life, mine, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		return mine;
	return life;
}

struct wn_embed_space *wn_embed_space_lock(void)
{
	wn_embed_life();
	pthread_mutex_lock(&space->lock);
	return space;
}

void wn_embed_space_unlock(struct wn_embed_space *at)
{
	pthread_mutex_unlock(&at->lock);
}
