// SPDX-License-Identifier: MIT
/* 51 MB of state: which backing gives huge mappings, to whom, and what it spares. */
#define _GNU_SOURCE
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

#define HUGE	(2UL << 20)
#define NPAGES	(51UL * 256)
#define NHUGE	(NPAGES / 512)

static long minor_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

/* Address and offset must agree modulo 2 MB for a huge mapping. */
static unsigned char *map_aligned(struct client *c)
{
	size_t size = NPAGES * PAGE;
	char *room = mmap(NULL, size + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));

	must(room != MAP_FAILED);
	munmap(room, size + HUGE);
	return mmap(at, size, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, c->fd, c->base * PAGE);
}

static int vmsplice_result(void *p)
{
	struct iovec v = { p, PAGE };
	int pipefd[2], err;

	must(!pipe(pipefd));
	err = vmsplice(pipefd[1], &v, 1, 0) == (ssize_t)PAGE ? 0 : -errno;
	close(pipefd[0]);
	close(pipefd[1]);
	return err;
}

static void one(unsigned int backing, unsigned int insert)
{
	struct client c = client_open(BY_INODE);
	unsigned long i, pte, file_kb, shmem_kb;
	unsigned int refs0, refs1;
	struct probe_make m = {};
	unsigned char *p;
	long faults;
	uint64_t t;
	int err, pin;

	err = client_make(&c, backing, NPAGES, &m);
	if (err) {
		fact("huge %s/%s: %s", backing_name[backing], insert_name[insert], err_name(err));
		client_close(&c);
		return;
	}
	client_view(&c, insert, 0);
	client_peek(&c, 0, &refs0);
	p = map_aligned(&c);
	must(p != MAP_FAILED);
	pte = file_number("/proc/self/status", "VmPTE:");
	faults = minor_faults();
	t = now_ns();
	for (i = 0; i < NPAGES; i++)
		(void)*(volatile unsigned char *)(p + i * PAGE);
	t = now_ns() - t;
	faults = minor_faults() - faults;
	pte = file_number("/proc/self/status", "VmPTE:") - pte;
	file_kb = file_number("/proc/self/smaps", "FilePmdMapped:");
	shmem_kb = file_number("/proc/self/smaps", "ShmemPmdMapped:");
	pin = vmsplice_result(p);
	munmap(p, NPAGES * PAGE);
	client_peek(&c, 0, &refs1);
	fact("huge %s/%s: made in %lu us, kernel's 2 MB mappings %u of %lu, user: %ld faults, %lu us, page tables %lu kB, FilePmdMapped %lu kB, ShmemPmdMapped %lu kB, vmsplice %s",
	     backing_name[backing], insert_name[insert], (unsigned long)m.ns / 1000, m.kernel_2m,
	     NPAGES / 512, faults, (unsigned long)t / 1000, pte, file_kb, shmem_kb,
	     err_name(pin));
	tap_ok(refs0 == refs1, "huge: %s/%s: unmapping returns every reference",
	       backing_name[backing], insert_name[insert]);
	if (insert == PROBE_LOCKED && (backing == PROBE_PAGES_HUGE || backing == PROBE_SHMEM_HUGE))
		tap_ok(file_kb + shmem_kb == NHUGE * 2048, "huge: %s/%s is huge in user space",
		       backing_name[backing], insert_name[insert]);
	else if (insert != PROBE_PFN_HUGE)
		tap_ok(file_kb + shmem_kb == 0, "huge: %s/%s is not huge in user space",
		       backing_name[backing], insert_name[insert]);
	if (backing == PROBE_VMALLOC_HUGE)
		tap_ok(m.kernel_2m >= NHUGE, "huge: %s is huge in the kernel",
		       backing_name[backing]);
	client_close(&c);
}

void test_huge(void)
{
	unsigned int b;

	for (b = 0; b < PROBE_BACKINGS; b++) {
		one(b, PROBE_LOCKED);
		one(b, PROBE_INSERT);
	}
	one(PROBE_PAGES, PROBE_AROUND);
	one(PROBE_PAGES, PROBE_PFN);
	one(PROBE_PAGES_HUGE, PROBE_PFN_HUGE);
}
