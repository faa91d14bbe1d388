// SPDX-License-Identifier: MIT
/* What user space can do to a mapping, and what filling one costs. */
#define _GNU_SOURCE
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int mremap_result(void *p, size_t old, size_t new)
{
	return mremap(p, old, new, MREMAP_MAYMOVE) == MAP_FAILED ? -errno : 0;
}

static void protections(void)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 4, PROBE_INSERT, 0);
	struct client lax = client_joiner(BY_INODE, &m, PROBE_INSERT, PROBE_VIEW_MAYWRITE);
	void *ro = client_map(&m, 0, 2, PROT_READ), *bad = client_map(&lax, 0, 2, PROT_READ);
	void *rw = client_map(&m, 2, 2, PROT_READ | PROT_WRITE), *cow;
	int err;

	must(ro != MAP_FAILED && bad != MAP_FAILED && rw != MAP_FAILED);
	err = result(mprotect(ro, PAGE, PROT_READ | PROT_WRITE));
	tap_ok(err == -EACCES, "flags: mprotect to write is EACCES without VM_MAYWRITE");
	err = result(mprotect(bad, PAGE, PROT_READ | PROT_WRITE));
	tap_ok(!err, "flags: mprotect to write is allowed if VM_MAYWRITE stays");
	err = result(mprotect(rw, PAGE, PROT_READ | PROT_EXEC));
	tap_ok(err == -EACCES, "flags: mprotect to execute is EACCES without VM_MAYEXEC");
	cow = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, m.fd, 0);
	tap_ok(cow == MAP_FAILED && errno == EINVAL, "flags: MAP_PRIVATE is EINVAL");
	munmap(ro, 2 * PAGE);
	munmap(bad, 2 * PAGE);
	munmap(rw, 2 * PAGE);
	client_close(&lax);
	client_close(&m);
}

static int uffd_register(void *p)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range = { (uintptr_t)p, PAGE },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, UFFDIO_API, &api) ? -errno : result(ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
	return err;
}

static void advice(unsigned int insert)
{
	struct client c = client_maker(BY_INODE, PROBE_PAGES, 4, insert, 0);
	void *p = client_map(&c, 0, 2, PROT_READ | PROT_WRITE);
	int grow, dup, fork_err;

	must(p != MAP_FAILED);
	grow = mremap_result(p, 2 * PAGE, 4 * PAGE);
	dup = mremap_result(p, 0, 2 * PAGE);
	fork_err = result(madvise(p, PAGE, MADV_DOFORK));
	fact("flags %s: mremap growth %s, mremap of length 0 (a second map) %s, MADV_DOFORK %s, MADV_DODUMP %s, MADV_REMOVE %s, MADV_PAGEOUT %s, MADV_COLLAPSE %s, MADV_POPULATE_WRITE %s, mlock %s, userfaultfd %s",
	     insert_name[insert], err_name(grow), err_name(dup), err_name(fork_err),
	     err_name(result(madvise(p, PAGE, MADV_DODUMP))),
	     err_name(result(madvise(p, PAGE, MADV_REMOVE))),
	     err_name(result(madvise(p, PAGE, MADV_PAGEOUT))),
	     err_name(result(madvise(p, PAGE, MADV_COLLAPSE))),
	     err_name(result(madvise(p, PAGE, MADV_POPULATE_WRITE))),
	     err_name(result(mlock(p, PAGE))), err_name(uffd_register(p)));
	tap_ok(grow == -EFAULT && dup, "flags: %s: mremap neither grows nor doubles a map",
	       insert_name[insert]);
	tap_ok(insert == PROBE_PFN ? fork_err == -EINVAL : !fork_err,
	       "flags: %s: MADV_DOFORK is %s", insert_name[insert],
	       insert == PROBE_PFN ? "refused" : "allowed");
	munmap(p, 2 * PAGE);
	client_close(&c);
}

#define CORE	"/tmp/wn-probe-core"

/* VM_DONTCOPY: is the mapping in a forked child? */
static void forked(unsigned int insert, bool undo)
{
	struct client c = client_maker(BY_INODE, PROBE_PAGES, 1, insert, 0);
	volatile uint64_t *p = client_map(&c, 0, 1, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	must((void *)p != MAP_FAILED);
	*p = 1;
	if (undo)
		must(!madvise((void *)p, PAGE, MADV_DOFORK));
	pid = fork();
	if (!pid) {
		*p = 2;
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid);
	if (undo)
		tap_ok(WIFEXITED(status) && *p == 2,
		       "flags: %s: a child reaches it after MADV_DOFORK", insert_name[insert]);
	else
		tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && *p == 1,
		       "flags: %s: a child has no mapping (SIGSEGV)", insert_name[insert]);
	munmap((void *)p, PAGE);
	client_close(&c);
}

/* The text is in clear nowhere but in the region, else the core has it anyway. */
static void put_mark(volatile char *p)
{
	static const char mark[] = "xpslopef.qspcf.dpsf.nbsl";
	unsigned int i;

	for (i = 0; i < sizeof(mark) - 1; i++)
		p[i] = mark[i] == '.' ? '-' : mark[i] - 1;
}

/* Is the region in a core dump that asks for everything? */
static bool in_core(unsigned int insert, unsigned int flags)
{
	static const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char mark[64] = "", cmd[160];
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		struct client c = client_maker(BY_INODE, PROBE_PAGES, 1, insert, flags);
		char *p = client_map(&c, 0, 1, PROT_READ | PROT_WRITE);

		must(p != MAP_FAILED);
		put_mark(p);
		must(file_write("/proc/self/coredump_filter", "0x7f"));
		must(!setrlimit(RLIMIT_CORE, &unlimited));
		abort();
	}
	must(waitpid(pid, &status, 0) == pid);
	must(WIFSIGNALED(status) && WCOREDUMP(status));
	put_mark(mark);
	snprintf(cmd, sizeof(cmd), "grep -q %s " CORE, mark);
	explicit_bzero(mark, sizeof(mark));
	status = system(cmd);
	explicit_bzero(cmd, sizeof(cmd));
	unlink(CORE);
	return !status;
}

static void core_dump(void)
{
	char old[128] = "";
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "re");
	bool insert, dontdump, pfn;

	if (f) {
		if (!fgets(old, sizeof(old), f))
			old[0] = 0;
		fclose(f);
	}
	if (!file_write("/proc/sys/kernel/core_pattern", CORE)) {
		tap_skip("cannot set core_pattern", "flags: core dump");
		return;
	}
	insert = in_core(PROBE_INSERT, PROBE_VIEW_DUMP);
	dontdump = in_core(PROBE_INSERT, 0);
	pfn = in_core(PROBE_PFN, PROBE_VIEW_DUMP);
	fact("flags core dump with filter 0x7f holds the region: insert %s, insert with VM_DONTDUMP %s, pfn %s",
	     insert ? "yes" : "no", dontdump ? "yes" : "no", pfn ? "yes" : "no");
	tap_ok(insert, "flags: without it a core dump may hold the region");
	tap_ok(!dontdump, "flags: VM_DONTDUMP keeps the region out of a core dump");
	file_write("/proc/sys/kernel/core_pattern", old);
}

#define NPAGES	8192U
#define ROUNDS	5

static void cost(unsigned int backing, unsigned int insert, int populate)
{
	uint64_t map[ROUNDS], touch[ROUNDS], unmap[ROUNDS], t[4];
	struct client c = client_maker(BY_INODE, backing, NPAGES, insert, 0);
	struct rusage a, b;
	unsigned int i, j;

	for (j = 0; j < ROUNDS; j++) {
		volatile char *p;

		t[0] = now_ns();
		p = mmap(NULL, NPAGES * PAGE, PROT_READ, MAP_SHARED | populate, c.fd,
			 c.base * PAGE);
		must((void *)p != MAP_FAILED);
		t[1] = now_ns();
		getrusage(RUSAGE_SELF, &a);
		for (i = 0; i < NPAGES; i++)
			(void)p[i * PAGE];
		getrusage(RUSAGE_SELF, &b);
		t[2] = now_ns();
		munmap((void *)p, NPAGES * PAGE);
		t[3] = now_ns();
		map[j] = t[1] - t[0];
		touch[j] = t[2] - t[1];
		unmap[j] = t[3] - t[2];
	}
	fact("cost %s/%s%s, ns a page over %u: mmap %lu, touch %lu (%ld faults), munmap %lu",
	     backing_name[backing], insert_name[insert], populate ? " MAP_POPULATE" : "", NPAGES,
	     (unsigned long)median(map, ROUNDS) / NPAGES,
	     (unsigned long)median(touch, ROUNDS) / NPAGES, b.ru_minflt - a.ru_minflt,
	     (unsigned long)median(unmap, ROUNDS) / NPAGES);
	client_close(&c);
}

void test_flags(void)
{
	unsigned int i;

	protections();
	advice(PROBE_INSERT);
	advice(PROBE_PFN);
	forked(PROBE_INSERT, false);
	forked(PROBE_PFN, false);
	forked(PROBE_INSERT, true);
	core_dump();
	for (i = 0; i < PROBE_INSERTS; i++)
		cost(PROBE_PAGES, i, 0);
	cost(PROBE_SHMEM, PROBE_INSERT, 0);
	cost(PROBE_PAGES, PROBE_INSERT, MAP_POPULATE);
	cost(PROBE_PAGES, PROBE_AROUND, MAP_POPULATE);
	cost(PROBE_PAGES, PROBE_PFN, MAP_POPULATE);
}
