// SPDX-License-Identifier: MIT
/*
 * Lanes without a module: a file for each side, of which the other gets a descriptor
 * that cannot write. A file is the state's page (zero, and nobody's), the side's page,
 * and the producer's also the data.
 */
#include "lane.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SEALS	(F_SEAL_SHRINK | F_SEAL_GROW)

static __u64 page_bytes(void)
{
	return (__u64)sysconf(_SC_PAGESIZE);
}

/* 32-bit programs whose time_t has 32 bits: what the call of that name takes. */
static int futex(const __u32 *word, int op, __u32 value, const struct timespec *until)
{
	int saved = errno, err;

	err = syscall(SYS_futex, word, op, value, until, NULL, FUTEX_BITSET_MATCH_ANY) < 0 ?
		-errno : 0;
	errno = saved;
	return err;
}

/* One of many words; the kernel's struct of that name, which older headers lack. */
struct wait_word {
	__u64 value;
	__u64 address;
	__u32 flags;
	__u32 reserved;
};

#define WAIT_WORDS	128		/* more the kernel does not take */
#define WAIT_32		2
#ifndef SYS_futex_waitv
#define SYS_futex_waitv	449
#endif

/* A futex knows the clock without suspended time: what is left of ours, from now. */
static struct timespec until(__u64 deadline)
{
	__u64 now = wn_deadline(0), at;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	at = (__u64)t.tv_sec * 1000000000u + (__u64)t.tv_nsec;
	at += deadline > now ? deadline - now : 0;
	t.tv_sec = (time_t)(at / 1000000000u);
	t.tv_nsec = (long)(at % 1000000000u);
	return t;
}

static int memory_sleep(struct wn_lane *l, __u32 bell, __u64 deadline)
{
	struct timespec t;
	int err;

	if (deadline)
		t = until(deadline);
	err = futex(&l->peer->bell, FUTEX_WAIT_BITSET, bell, deadline ? &t : NULL);
	return err == -EAGAIN ? 0 : err == -ETIMEDOUT ? -ETIME : err;
}

int wn_lane_memory_sleep(struct wn_lane **lane, __u32 nr, __u64 deadline, bool sure)
{
	struct wait_word words[WAIT_WORDS];
	__s64 t[2];		/* of 64 bits in 32-bit programs, too */
	int saved = errno, err;
	struct timespec at;
	__u32 i;

	if (nr > WAIT_WORDS)
		sure = false;
	for (i = 0; i < nr && i < WAIT_WORDS; i++) {
		words[i] = (struct wait_word){
			.value = __atomic_load_n(&lane[i]->peer->bell, __ATOMIC_ACQUIRE),
			.address = (unsigned long)&lane[i]->peer->bell,
			.flags = WAIT_32,
		};
	}
	/* Rung before that was loaded: then there is something to see behind it. */
	for (i = 0; i < nr; i++)
		if (wn_lane_look(lane[i], 0))
			return 0;
	at = until(sure && deadline ? deadline : wn_lane_nap(deadline));
	t[0] = at.tv_sec;
	t[1] = at.tv_nsec;
	if (!nr || syscall(SYS_futex_waitv, words, nr > WAIT_WORDS ? WAIT_WORDS : nr, 0,
			   deadline || !sure ? t : NULL, CLOCK_MONOTONIC) >= 0)
		err = 0;
	else
		err = -errno;
	errno = saved;
	if (err == -ENOSYS) {
		/* A kernel without: come back soon. */
		at = (struct timespec){ .tv_nsec = 1000000 };
		nanosleep(&at, NULL);
		return -ETIME;
	}
	return err == -EAGAIN ? 0 : err == -ETIMEDOUT ? -ETIME : err;
}

static int memory_wake(struct wn_lane *l)
{
	return futex(&l->own->bell, FUTEX_WAKE, INT_MAX, NULL);
}

static void memory_close(struct wn_lane *l)
{
}

static const struct wn_lane_via memory = {
	.sleep = memory_sleep,
	.wake = memory_wake,
	.close = memory_close,
};

/* A file of so many bytes, to write and to read. */
static int make(int *rw, int *ro, __u64 bytes)
{
	char path[32];
	int err;

	*ro = -1;
	*rw = memfd_create("wn-lane", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*rw < 0)
		return -errno;
	if (ftruncate(*rw, (off_t)bytes) || fcntl(*rw, F_ADD_SEALS, SEALS | F_SEAL_SEAL))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *rw);
	*ro = open(path, O_RDONLY | O_CLOEXEC);
	if (*ro >= 0)
		return 0;
	err = -errno;
	return err;
}

WN_API void wn_lane_fds_close(struct wn_lane_fds *fds)
{
	int i, saved = errno;

	for (i = 0; i < 2; i++) {
		if (fds->producer[i] >= 0)
			close(fds->producer[i]);
		if (fds->consumer[i] >= 0)
			close(fds->consumer[i]);
		fds->producer[i] = fds->consumer[i] = -1;
	}
	errno = saved;
}

static bool is_sane(__u64 bytes)
{
	return bytes >= WN_LANE_BYTES_MIN && bytes >= page_bytes() &&
		bytes <= WN_LANE_BYTES_MAX && !(bytes & (bytes - 1));
}

WN_API int wn_lane_make(struct wn_lane_fds *fds, __u32 bytes)
{
	int saved = errno, err;

	*fds = (struct wn_lane_fds){ { -1, -1 }, { -1, -1 } };
	if (!is_sane(bytes))
		return -EINVAL;
	err = make(&fds->producer[0], &fds->consumer[1], 2 * page_bytes() + bytes);
	if (!err)
		err = make(&fds->consumer[0], &fds->producer[1], 2 * page_bytes());
	if (err)
		wn_lane_fds_close(fds);
	errno = saved;
	return err;
}

/* What a descriptor holds, if it cannot become less. */
static __u64 size_of(int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st))
		return 0;
	return (__u64)st.st_size;
}

/* From page on, and its data a second time behind that. */
static int map(void **to, struct wn_region *r, int fd, __u64 page, __u64 from, __u64 bytes,
	       int prot)
{
	__u64 front = (2 - from) * page;
	char *at, *again;

	r->bytes = front + 2 * bytes;
	at = mmap(NULL, r->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	*to = at;
	if (mmap(at, front + bytes, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)(from * page)) ==
	    MAP_FAILED)
		return -errno;
	again = at + front + bytes;
	if (bytes && mmap(again, bytes, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)(2 * page)) ==
	    MAP_FAILED)
		return -errno;
	return madvise(at, r->bytes, MADV_DONTFORK) ? -errno : 0;
}

WN_API int wn_lane_map(struct wn_lane *l, const int fds[2], bool produces)
{
	const __u64 page = page_bytes(), mine = size_of(fds[0]), theirs = size_of(fds[1]);
	__u64 bytes = (produces ? mine : theirs) - 2 * page;
	int saved = errno, err;

	memset(l, 0, sizeof(*l));
	if (!is_sane(bytes) || (produces ? theirs : mine) != 2 * page)
		return -EPROTO;
	err = map(&l->maps[0], &l->regions[0], fds[1], page, 0, produces ? 0 : bytes, PROT_READ);
	if (!err)
		err = map(&l->maps[1], &l->regions[1], fds[0], page, 1, produces ? bytes : 0,
			  PROT_READ | PROT_WRITE);
	if (!err)
		err = wn_lane_begin(l, bytes, produces);
	if (err) {
		if (l->maps[0])
			munmap(l->maps[0], l->regions[0].bytes);
		if (l->maps[1])
			munmap(l->maps[1], l->regions[1].bytes);
		memset(l, 0, sizeof(*l));
	} else {
		l->via = &memory;
	}
	errno = saved;
	return err;
}
