// SPDX-License-Identifier: MIT
/*
 * References to a page that outlive its mapping: which can be had, and what
 * they reach once the slot belongs to another client, or READ was taken away.
 */
#define _GNU_SOURCE
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "client.h"
#include "nbd.h"
#include "tap.h"

#define SECRET	0x5ec2e70fULL

static struct nbd nbd;
static bool have_nbd;

static void *map_or_die(struct client *c, int prot)
{
	void *p = client_map(c, 0, 1, prot);

	must(p != MAP_FAILED);
	return p;
}

static int ring_register(struct io_uring *ring, void *p)
{
	struct iovec v = { p, PAGE };
	int err;

	must(!io_uring_queue_init(4, ring, 0));
	err = io_uring_register_buffers(ring, &v, 1);
	if (err)
		io_uring_queue_exit(ring);
	return err;
}

static int try_regbuf(void *p)
{
	struct io_uring ring;
	int err = ring_register(&ring, p);

	if (!err)
		io_uring_queue_exit(&ring);
	return err;
}

static int pipe_splice(int pipefd[2], void *p)
{
	struct iovec v = { p, PAGE };

	must(!pipe(pipefd));
	if (vmsplice(pipefd[1], &v, 1, 0) == (ssize_t)PAGE)
		return 0;
	close(pipefd[0]);
	close(pipefd[1]);
	return -errno;
}

static int try_vmsplice(void *p)
{
	int pipefd[2], err = pipe_splice(pipefd, p);

	if (!err) {
		close(pipefd[0]);
		close(pipefd[1]);
	}
	return err;
}

static int try_direct(void *p, bool into)
{
	ssize_t n;

	if (!have_nbd)
		return -ENODEV;
	n = into ? pread(nbd.fd, p, PAGE, 8192) : pwrite(nbd.fd, p, PAGE, 8192);
	return n == (ssize_t)PAGE ? 0 : -errno;
}

/* Not a pin: the kernel copies through the mapping. It must always work. */
static int try_copy(void *p, bool into)
{
	int pipefd[2], err = 0;
	char byte = 1;

	must(!pipe(pipefd));
	if (into)
		must(write(pipefd[1], &byte, 1) == 1);
	if ((into ? read(pipefd[0], p, 1) : write(pipefd[1], p, 1)) != 1)
		err = -errno;
	close(pipefd[0]);
	close(pipefd[1]);
	return err;
}

struct answers {
	int regbuf, vmsplice, direct_from, direct_into, copy;
};

static struct answers ask(unsigned int backing, unsigned int insert, unsigned int flags, int prot,
			  bool touch)
{
	struct answers a = {};
	bool rw = prot & PROT_WRITE;
	unsigned int i;

	/* A client each: one pin's fault would be the next one's touch. */
	for (i = 0; i < 5; i++) {
		struct client c = client_maker(BY_INODE, backing, 1, insert, flags);
		char *p = map_or_die(&c, prot);

		if (touch && rw)
			*(volatile char *)p = 1;
		else if (touch)
			(void)*(volatile char *)p;
		switch (i) {
		case 0:
			a.regbuf = try_regbuf(p);
			break;
		case 1:
			a.vmsplice = try_vmsplice(p);
			break;
		case 2:
			a.direct_from = try_direct(p, false);
			break;
		case 3:
			a.direct_into = try_direct(p, true);
			break;
		default:
			a.copy = try_copy(p, rw);
		}
		munmap(p, PAGE);
		client_close(&c);
	}
	fact("pins %s/%s%s%s, %s, %s: io_uring buffer %s, vmsplice %s, O_DIRECT from it %s, into it %s; copy by read()/write() %s",
	     backing_name[backing], insert_name[insert],
	     flags & PROBE_VIEW_IO ? "+VM_IO" : "",
	     flags & PROBE_VIEW_MKWRITE ? "+page_mkwrite" : "",
	     rw ? "read-write" : "read-only", touch ? "touched" : "untouched",
	     err_name(a.regbuf), err_name(a.vmsplice), err_name(a.direct_from),
	     err_name(a.direct_into), err_name(a.copy));
	return a;
}

/* Another process's look at the mapping: debuggers, process_vm_readv. */
static void ask_remote(unsigned int insert, unsigned int flags)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 1, PROBE_INSERT, 0);
	struct client c = client_joiner(BY_INODE, &m, insert, flags);
	int pipefd[2], status, vm, peek, mem;
	struct iovec local, remote;
	uint64_t word = 0;
	char path[64];
	void *addr;
	pid_t pid;
	int fd;

	must(!pipe(pipefd));
	pid = fork();
	if (!pid) {
		void *p = map_or_die(&c, PROT_READ);

		(void)*(volatile char *)p;
		must(write(pipefd[1], &p, sizeof(p)) == sizeof(p));
		for (;;)
			pause();
	}
	must(read(pipefd[0], &addr, sizeof(addr)) == sizeof(addr));
	local = (struct iovec){ &word, sizeof(word) };
	remote = (struct iovec){ addr, sizeof(word) };
	vm = process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(word) ? 0 : -errno;
	must(!ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	must(waitpid(pid, &status, 0) == pid);
	errno = 0;
	ptrace(PTRACE_PEEKDATA, pid, addr, NULL);
	peek = -errno;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0);
	word = 666;
	mem = pwrite(fd, &word, sizeof(word), (off_t)(uintptr_t)addr) == sizeof(word) ? 0 : -errno;
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fact("pins pages/%s%s, from another process: process_vm_readv %s, PTRACE_PEEKDATA %s; /proc/pid/mem write to a read-only map %s",
	     insert_name[insert], flags & PROBE_VIEW_IO ? "+VM_IO" : "", err_name(vm),
	     err_name(peek), err_name(mem));
	tap_ok(mem && client_peek(&m, 0, NULL) != 666,
	       "pins: %s%s: a debugger cannot write a read-only map", insert_name[insert],
	       flags & PROBE_VIEW_IO ? "+VM_IO" : "");
	close(pipefd[0]);
	close(pipefd[1]);
	client_close(&c);
	client_close(&m);
}

static void which(void)
{
	static const struct {
		unsigned int backing, insert, flags;
	} views[] = {
		{ PROBE_PAGES, PROBE_INSERT, 0 }, { PROBE_SHMEM, PROBE_INSERT, 0 },
		{ PROBE_PAGES, PROBE_INSERT, PROBE_VIEW_IO },
		{ PROBE_SHMEM, PROBE_INSERT, PROBE_VIEW_IO },
		{ PROBE_PAGES_HUGE, PROBE_INSERT, PROBE_VIEW_IO },
		{ PROBE_PAGES, PROBE_INSERT, PROBE_VIEW_MKWRITE },
		{ PROBE_SHMEM, PROBE_INSERT, PROBE_VIEW_MKWRITE },
		{ PROBE_PAGES, PROBE_PFN, 0 }, { PROBE_SHMEM, PROBE_PFN, 0 },
		{ PROBE_PAGES, PROBE_PFN_AROUND, 0 },
	};
	bool pfn_refuses = true, copies = true, io_leaks = false;
	unsigned int i, touch, rw;

	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		for (rw = 0; rw < 2; rw++) {
			for (touch = 0; touch < 2; touch++) {
				struct answers a = ask(views[i].backing, views[i].insert,
						       views[i].flags,
						       PROT_READ | (rw ? PROT_WRITE : 0), touch);
				bool any = !a.regbuf || !a.vmsplice || !a.direct_from ||
					   !a.direct_into;

				copies &= !a.copy;
				if (views[i].insert >= PROBE_PFN)
					pfn_refuses &= !any;
				else if (views[i].flags & PROBE_VIEW_IO)
					io_leaks |= any;
			}
		}
	}
	tap_ok(pfn_refuses, "pins: special PTEs refuse each pin, touched or not");
	tap_ok(io_leaks, "pins: VM_IO over normal PTEs does not refuse each of them");
	tap_ok(copies, "pins: plain read() and write() work on every kind");
	ask_remote(PROBE_INSERT, 0);
	ask_remote(PROBE_INSERT, PROBE_VIEW_IO);
	ask_remote(PROBE_PFN, 0);
}

/* The old client is gone, a new one has its slot and keeps a secret in it. */
static struct client next_owner(struct client *m, struct client *a, void *p, unsigned int policy,
				uint64_t **word)
{
	struct client b;

	client_revoke(a, 0, 1);
	munmap(p, PAGE);
	client_close(a);
	b = client_joiner(BY_INODE, m, PROBE_INSERT, 0);
	must(!client_take(&b, 0, 1, policy, NULL));
	*word = map_or_die(&b, PROT_READ | PROT_WRITE);
	**word = SECRET;
	return b;
}

static void end_owner(struct client *b, uint64_t *word)
{
	munmap(word, PAGE);
	client_close(b);
}

enum { CROSSED, KEPT, REFUSED };

static const char *const outcome_name[] = { "CROSSED", "nothing crossed", "pin refused" };

static int cross_regbuf(struct client *m, unsigned int policy)
{
	struct client a = client_joiner(BY_INODE, m, PROBE_INSERT, 0), b;
	void *p = map_or_die(&a, PROT_READ | PROT_WRITE);
	uint64_t *word, evil = 0xbad, got = 0;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int pipefd[2], i;
	bool crossed;

	if (ring_register(&ring, p)) {
		munmap(p, PAGE);
		client_close(&a);
		return REFUSED;
	}
	b = next_owner(m, &a, p, policy, &word);
	must(!pipe(pipefd));
	for (i = 0; i < 2; i++) {
		sqe = io_uring_get_sqe(&ring);
		if (i == 0) {	/* out of the pin, then into it */
			io_uring_prep_write_fixed(sqe, pipefd[1], p, 8, 0, 0);
		} else {
			must(write(pipefd[1], &evil, 8) == 8);
			io_uring_prep_read_fixed(sqe, pipefd[0], p, 8, 0, 0);
		}
		must(io_uring_submit(&ring) == 1 && !io_uring_wait_cqe(&ring, &cqe));
		must(cqe->res == 8);
		io_uring_cqe_seen(&ring, cqe);
		if (i == 0)
			must(read(pipefd[0], &got, 8) == 8);
	}
	crossed = got == SECRET || *word != SECRET;
	io_uring_queue_exit(&ring);
	close(pipefd[0]);
	close(pipefd[1]);
	end_owner(&b, word);
	return crossed ? CROSSED : KEPT;
}

static int cross_vmsplice(struct client *m, unsigned int policy)
{
	struct client a = client_joiner(BY_INODE, m, PROBE_INSERT, 0), b;
	void *p = map_or_die(&a, PROT_READ | PROT_WRITE);
	uint64_t *word, got;
	int pipefd[2];

	if (pipe_splice(pipefd, p)) {
		munmap(p, PAGE);
		client_close(&a);
		return REFUSED;
	}
	b = next_owner(m, &a, p, policy, &word);
	must(read(pipefd[0], &got, 8) == 8);
	close(pipefd[0]);
	close(pipefd[1]);
	end_owner(&b, word);
	return got == SECRET ? CROSSED : KEPT;
}

static void *read_held(void *p)
{
	return (void *)(intptr_t)(pread(nbd.fd, p, PAGE, NBD_HELD) == (ssize_t)PAGE ? 0 : -errno);
}

static int cross_direct(struct client *m, unsigned int policy)
{
	struct client a = client_joiner(BY_INODE, m, PROBE_INSERT, 0), b;
	void *p = map_or_die(&a, PROT_READ | PROT_WRITE), *err;
	uint64_t *word;
	pthread_t reader;
	bool crossed;
	char byte;

	must(!pthread_create(&reader, NULL, read_held, p));
	must(read(nbd.seen, &byte, 1) == 1);
	b = next_owner(m, &a, p, policy, &word);
	must(write(nbd.go, "", 1) == 1);
	must(!pthread_join(reader, &err));
	crossed = *word != SECRET;
	end_owner(&b, word);
	return err ? REFUSED : crossed ? CROSSED : KEPT;
}

static void crossing(unsigned int backing)
{
	static const struct {
		const char *name;
		int (*run)(struct client *m, unsigned int policy);
	} pins[] = {
		{ "io_uring buffer", cross_regbuf },
		{ "vmsplice", cross_vmsplice },
		{ "O_DIRECT read", cross_direct },
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct client a, b;
		int recycled, fresh;

		if (i == 2 && !have_nbd) {
			tap_skip("no /dev/nbd0", "pins: O_DIRECT read on %s",
				 backing_name[backing]);
			continue;
		}
		a = client_maker(BY_INODE, backing, 1, PROBE_INSERT, 0);
		b = client_maker(BY_INODE, backing, 1, PROBE_INSERT, 0);
		recycled = pins[i].run(&a, PROBE_RECYCLE);
		fresh = pins[i].run(&b, PROBE_FRESH);
		fact("pins %s, %s, slot given to another client: recycled page: %s, fresh page: %s",
		     backing_name[backing], pins[i].name, outcome_name[recycled],
		     outcome_name[fresh]);
		tap_ok(recycled != KEPT, "pins: %s on a recycled page of %s reaches the new owner (or is refused)",
		       pins[i].name, backing_name[backing]);
		tap_ok(fresh != CROSSED, "pins: %s reaches nobody when the pages of %s are fresh",
		       pins[i].name, backing_name[backing]);
		client_close(&a);
		client_close(&b);
	}
}

#define MANY	1000

/* Slots are given on while a pipe holds their pages; who is charged for what? */
static void give_on(unsigned int backing, long *held, long *dropped)
{
	struct client m = client_maker(BY_INODE, backing, MANY, PROBE_INSERT, 0);
	struct client a = client_joiner(BY_INODE, &m, PROBE_INSERT, 0);
	char *p = client_map(&a, 0, MANY, PROT_READ | PROT_WRITE);
	long made = cgroup_kb("p/pins");
	int pipefd[2], i;

	must(p != MAP_FAILED && !pipe(pipefd));
	must(fcntl(pipefd[1], F_SETPIPE_SZ, 1024 * PAGE) >= (int)(MANY * PAGE));
	for (i = 0; i < MANY; i++) {
		struct iovec v = { p + i * PAGE, PAGE };

		must(vmsplice(pipefd[1], &v, 1, 0) == (ssize_t)PAGE);
	}
	munmap(p, MANY * PAGE);
	client_close(&a);
	must(!client_take(&m, 0, MANY, PROBE_FRESH, NULL));
	*held = cgroup_kb("p/pins") - made;
	close(pipefd[0]);
	close(pipefd[1]);
	usleep(100000);
	*dropped = cgroup_kb("p/pins") - made;
	client_close(&m);
}

/* In a child, whose group can be removed after it. */
static void come_back(unsigned int backing)
{
	long *kb = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	must(kb != MAP_FAILED);
	cgroup_new("p/pins");
	pid = fork();
	if (!pid) {
		must(cgroup_enter("p/pins"));
		give_on(backing, &kb[0], &kb[1]);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && !status);
	cgroup_remove("p/pins");
	fact("pins %s: %d slots given on while a pipe holds the old pages: memory.current %+ld kB; pipe closed: %+ld kB",
	     backing_name[backing], MANY, kb[0], kb[1]);
	tap_ok(kb[0] > 3700 && kb[1] < 600,
	       "pins: pinned pages of %s stay charged and leave with the last reference",
	       backing_name[backing]);
	munmap(kb, PAGE);
}

/* READ is taken away; what the reader pinned before goes on showing news. */
static bool public_leaks(unsigned int insert, bool touch)
{
	struct client m = client_maker(BY_INODE, PROBE_PAGES, 1, PROBE_INSERT, 0);
	struct client r = client_joiner(BY_INODE, &m, insert, 0);
	void *p = map_or_die(&r, PROT_READ);
	uint64_t got = 0;
	int pipefd[2];

	if (touch)
		(void)*(volatile char *)p;
	if (!pipe_splice(pipefd, p)) {
		client_revoke(&r, 0, 1);
		client_poke(&m, 0, SECRET);
		must(read(pipefd[0], &got, 8) == 8);
		close(pipefd[0]);
		close(pipefd[1]);
	}
	munmap(p, PAGE);
	client_close(&r);
	client_close(&m);
	return got == SECRET;
}

void test_pins(void)
{
	have_nbd = nbd_start(&nbd);
	if (!have_nbd)
		tap_skip("no /dev/nbd0 (modprobe nbd)", "pins: O_DIRECT");
	which();
	crossing(PROBE_PAGES);
	crossing(PROBE_SHMEM);
	if (cgroup_setup()) {
		come_back(PROBE_PAGES);
		come_back(PROBE_SHMEM);
		cgroup_teardown();
	} else {
		tap_skip("no cgroup2 with a memory controller", "pins: pages come back");
	}
	tap_ok(public_leaks(PROBE_INSERT, true),
	       "pins: a reader's vmsplice of a normal PTE shows news after revocation");
	tap_ok(!public_leaks(PROBE_PFN, true) && !public_leaks(PROBE_PFN, false),
	       "pins: a reader of special PTEs sees nothing after revocation");
	if (have_nbd)
		nbd_stop(&nbd);
}
