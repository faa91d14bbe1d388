// SPDX-License-Identifier: MIT
#include "internal.h"

#include <sys/mman.h>
#include <unistd.h>

/*
 * A page of its own that the kernel empties in forked children: asking whether
 * this process opened the client costs a load, not a getpid(). A child that
 * opens clients itself gets a new page; those it inherited keep the empty one.
 * No lock: a fork could catch another thread holding it, and the child would
 * wait for ever.
 */
static const volatile __u32 *word;

static __u32 *map_word(size_t page)
{
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	if (madvise(map, page, MADV_WIPEONFORK)) {
		munmap(map, page);
		return NULL;
	}
	*(__u32 *)map = 1;
	return map;
}

const volatile __u32 *wn_fork_word(void)
{
	const volatile __u32 *have = __atomic_load_n(&word, __ATOMIC_ACQUIRE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int saved = errno;
	__u32 *mine;

	if (have && *have)
		return have;
	mine = map_word(page);
	if (mine && !__atomic_compare_exchange_n(&word, &have, mine, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
		/* Another thread was faster: have is its page now. */
		munmap(mine, page);
		errno = saved;
		return have;
	}
	errno = saved;
	return mine;
}
