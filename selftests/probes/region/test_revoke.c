// SPDX-License-Identifier: MIT
/* Taking one client's mappings away: what it sees, what others see, how long it takes. */
#define _GNU_SOURCE
#include "tests.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

#define NPAGES	8
#define WORD(p, i) (*(volatile uint64_t *)((char *)(p) + (i) * PAGE))

static sigjmp_buf fell;

static void on_signal(int sig)
{
	siglongjmp(fell, sig);
}

/* Waits for a byte, then says whether the mapping still shows the real page. */
static int child(void *p, int fd)
{
	char byte;

	(void)WORD(p, 0);
	must(read(fd, &byte, 1) == 1);
	if (sigsetjmp(fell, 1))
		return 2;
	return WORD(p, 0) == 100 ? 1 : 0;
}

static void one_holder(enum device dev, unsigned int backing, unsigned int insert)
{
	const char *name = dev == BY_INODE ? "own inode" : "window";
	struct client m = client_maker(dev, backing, NPAGES, PROBE_INSERT, 0);
	struct client v = client_joiner(dev, &m, insert, 0);
	struct client w = client_joiner(dev, &m, insert, 0);
	void *mine = client_map(&v, 0, NPAGES, PROT_READ | PROT_WRITE);
	void *theirs = client_map(&w, 0, NPAGES, PROT_READ);
	void *room = mmap(NULL, NPAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved;
	int i, pipefd[2], status = 0;
	bool forkable, gone = true, shared = true, kept = true;
	pid_t pid = 0;

	must(mine != MAP_FAILED && theirs != MAP_FAILED && room != MAP_FAILED);
	for (i = 0; i < NPAGES; i++)
		WORD(mine, i) = 100 + i;
	/* Two pages move elsewhere: the mapping is split and keeps its offsets. */
	moved = mremap((char *)mine + 6 * PAGE, 2 * PAGE, 2 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, room);
	must(moved == room && WORD(moved, 1) == 107);

	must(!pipe(pipefd));
	forkable = !madvise(mine, 6 * PAGE, MADV_DOFORK);
	if (forkable) {
		pid = fork();
		if (!pid)
			_exit(child(mine, pipefd[0]));
	}

	client_revoke(&v, 0, NPAGES);
	if (sigsetjmp(fell, 1)) {
		tap_ok(false, "revoke: %s, %s/%s: access after it raises a signal", name,
		       backing_name[backing], insert_name[insert]);
		goto out;
	}
	for (i = 0; i < NPAGES; i++) {
		void *at = i < 6 ? (char *)mine + i * PAGE : (char *)moved + (i - 6) * PAGE;

		gone &= WORD(at, 0) != (uint64_t)(100 + i);
		WORD(at, 0) = 7;
	}
	shared = WORD(mine, 5) == 7;
	for (i = 0; i < NPAGES; i++)
		kept &= WORD(theirs, i) == (uint64_t)(100 + i);
	if (forkable) {
		must(write(pipefd[1], "", 1) == 1);
		must(waitpid(pid, &status, 0) == pid);
	}
	tap_ok(gone && shared && kept && !status,
	       "revoke: %s, %s/%s: all its views%s show scratch, others keep theirs", name,
	       backing_name[backing], insert_name[insert],
	       forkable ? ", a forked child's too," : " (fork refused)");
out:
	close(pipefd[0]);
	close(pipefd[1]);
	munmap(mine, 6 * PAGE);
	munmap(moved, 2 * PAGE);
	munmap((char *)room + 2 * PAGE, (NPAGES - 2) * PAGE);
	munmap(theirs, NPAGES * PAGE);
	client_close(&v);
	client_close(&w);
	client_close(&m);
}

/* Special PTEs hold no reference: a reader must not keep a page that was freed. */
static void given_on(unsigned int insert)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 1, PROBE_INSERT, 0);
	struct client r = client_joiner(BY_INODE, &m, insert, 0);
	void *p = client_map(&r, 0, 1, PROT_READ);
	bool old;

	must(p != MAP_FAILED);
	client_poke(&m, 0, 1);
	old = WORD(p, 0) == 1;
	must(!client_take(&m, 0, 1, PROBE_FRESH, NULL));
	client_poke(&m, 0, 2);
	tap_ok(old && WORD(p, 0) == 2, "revoke: %s: a reader follows a slot to its fresh page",
	       insert_name[insert]);
	munmap(p, PAGE);
	client_close(&r);
	client_close(&m);
}

#define OTHERS	200
#define ROUNDS	15

static void timing(enum device dev, unsigned int insert, unsigned int others)
{
	static struct client other[OTHERS];
	static void *map[OTHERS];
	struct client m = client_maker(dev, PROBE_PAGES, 1000, PROBE_INSERT, 0);
	uint64_t ns[2][ROUNDS], fresh[ROUNDS];
	static const unsigned int count[] = { 1, 1000 };
	unsigned int i, j, n;

	for (i = 0; i < others; i++) {
		other[i] = client_joiner(dev, &m, PROBE_AROUND, 0);
		map[i] = client_map(&other[i], 0, 1000, PROT_READ);
		must(map[i] != MAP_FAILED);
	}
	for (n = 0; n < 2; n++) {
		for (j = 0; j < ROUNDS; j++) {
			struct client v = client_joiner(dev, &m, insert, 0);
			void *p = client_map(&v, 0, 1000, PROT_READ);

			must(p != MAP_FAILED);
			for (i = 0; i < 1000; i++)
				(void)WORD(p, i);
			for (i = 0; i < others; i++)
				(void)WORD(map[i], 0);
			ns[n][j] = client_revoke(&v, 0, count[n]).unmap_ns;
			munmap(p, 1000 * PAGE);
			client_close(&v);
		}
	}
	for (j = 0; j < ROUNDS; j++) {
		for (i = 0; i < others; i++)
			(void)WORD(map[i], 0);
		must(!client_take(&m, 0, 1, PROBE_FRESH, &fresh[j]));
	}
	fact("revoke time, %s, %s, %u other clients with 1000 pages mapped: 1 page %lu ns, 1000 pages %lu ns; one page replaced for all %lu ns",
	     dev == BY_INODE ? "own inode" : "window", insert_name[insert], others,
	     (unsigned long)median(ns[0], ROUNDS), (unsigned long)median(ns[1], ROUNDS),
	     (unsigned long)median(fresh, ROUNDS));
	for (i = 0; i < others; i++) {
		munmap(map[i], 1000 * PAGE);
		client_close(&other[i]);
	}
	client_close(&m);
}

void test_revoke(void)
{
	static const unsigned int inserts[] = { PROBE_LOCKED, PROBE_INSERT, PROBE_AROUND, PROBE_PFN,
						PROBE_PFN_AROUND };
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned int b, i;
	int dev;

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	for (dev = BY_INODE; dev <= BY_WINDOW; dev++)
		for (b = PROBE_PAGES; b <= PROBE_SHMEM; b++)
			for (i = 0; i < 5; i++)
				one_holder(dev, b, inserts[i]);
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	given_on(PROBE_INSERT);
	given_on(PROBE_PFN);
	fact("revoke: an inode takes %lu bytes", (unsigned long)
	     file_number("/sys/kernel/slab/inode_cache/object_size", ""));
	for (dev = BY_INODE; dev <= BY_WINDOW; dev++) {
		timing(dev, PROBE_INSERT, 0);
		timing(dev, PROBE_INSERT, OTHERS);
		timing(dev, PROBE_PFN, OTHERS);
	}
	timing(BY_INODE, PROBE_LOCKED, 0);
}
