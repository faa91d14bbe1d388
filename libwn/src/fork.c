// SPDX-License-Identifier: MIT
#include "internal.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A page of its own that the kernel empties in forked children: asking whether
 * this process opened the client costs a load, not a getpid(). A child that
 * opens clients itself gets a new page; those it inherited keep the empty one.
 */
static const volatile __u32 *word;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static __u32 *map_word(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
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
	const volatile __u32 *w;
	int saved = errno;

	pthread_mutex_lock(&lock);
	if (!word || !*word)
		word = map_word();
	w = word;
	pthread_mutex_unlock(&lock);
	errno = saved;
	return w;
}
