/* SPDX-License-Identifier: MIT */
/*
 * What the tests share: an instance of worknodefs of their own, domains in it,
 * and a client as plain as can be, on system calls and the uapi header alone.
 *
 * Include this file first. Calls return 0 or more, or -errno, so that a test
 * names the errno that it wants: EXPECT_EQ(-EBUSY, wt_ioctl(...)).
 */
#ifndef WN_TEST_COMMON_H
#define WN_TEST_COMMON_H

/* Offsets of regions need more than 32 bits, in 32-bit programs too. */
#define _FILE_OFFSET_BITS 64
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/worknode.h>

#define WT_ID		54321	/* a user and group that is not root */
#define WT_OTHER	54322	/* and another one */

/* ------------------------------------------------------------ instances */

/*
 * A mount on a directory of its own, in a mount namespace of its own: it goes
 * with the test, however that ends.
 */
struct wt_mount {
	char dir[32];
	int control;
};

/* Leave with 4, saying why. */
void wt_skip_all(const char *why) __attribute__((noreturn));

/*
 * Whether the engine is in the test itself (embed/): what goes through libwn is
 * the same then, but no other process, not even a child, can come in.
 */
bool wt_is_embedded(void);
/* Whether it is in another process, which is no kernel. */
bool wt_is_hosted(void);

/* Leave so unless the module is loaded and we are root. */
void wt_need_module(void);

/* Whether each client asks for a polling thread (polling.c); and let so many run. */
bool wt_is_polling(void);
int wt_allow_polling(void);

int wt_mount(struct wt_mount *m, const char *options);
void wt_umount(struct wt_mount *m);

/* mount(2) of worknodefs on dir, no more. */
int wt_mount_on(const char *dir, unsigned long flags, const char *options);

/* A name in the instance; up to eight results stay valid. */
const char *wt_path(const struct wt_mount *m, const char *name);

/* ------------------------------------------------------- system calls */

/* Whether signals rain (itimer.c), and how many fell on this process. */
bool wt_is_stormy(void);
unsigned long wt_interruptions(void);

/* In such a storm a call that was interrupted is made again. */
long wt_ioctl(int fd, unsigned long cmd, void *arg);
int wt_open(const char *path, int flags);
/* -1, -2, .. -4095 in the pointer are errnos. */
void *wt_mmap(int fd, uint64_t offset, uint64_t bytes, int prot, int flags);
static inline long wt_err(const void *p)
{
	return (unsigned long)p >= -4095UL ? (long)p : 0;
}

/* ------------------------------------------------------------- domains */

/* A create struct with this name, mode 0600 and the default bounds. */
struct wn_domain_create wt_create_args(int control, const char *name);

/* Create one with default bounds. */
int wt_create(const struct wt_mount *m, const char *name);

/* Bounds of 8, for tests that make many domains or care for every page. */
extern const struct wn_bounds wt_small;

/* WN_IOC_INFO; all zero if it fails. */
struct wn_domain_info wt_info(int fd);

/* ------------------------------------------------------------- clients */

struct wt_client {
	int fd;
	uint32_t seen;		/* sq_head when the last wt_enter that submitted ended */
	struct wn_setup s;
	struct wn_user_ring *user;
	struct wn_sqe *sqes;
	struct wn_kern_ring *kern;
	struct wn_cqe *cqes;
};

/* The table's entry of a type, or NULL. */
const struct wn_region *wt_region(const struct wn_setup *s, uint32_t type);

/* Open a domain; sq and cq entries, 0 for the defaults: set up, mapped, not enabled. */
int wt_client_prepare(struct wt_client *c, const char *path, uint32_t sq, uint32_t cq);
int wt_client_enable(struct wt_client *c);
/* Both. */
int wt_client_open(struct wt_client *c, const char *path, uint32_t sq, uint32_t cq);
void wt_client_close(struct wt_client *c);

/* Put an entry behind the others, unsubmitted: its slot, zeroed. at: 0 for the next. */
struct wn_sqe *wt_sqe(struct wt_client *c, uint32_t at);
/* Move the tail over n more entries. */
void wt_submit(struct wt_client *c, uint32_t n);

/*
 * WN_IOC_ENTER without a deadline. In polling mode what the thread has taken since
 * the last call is in the result as if the call had taken it.
 */
long wt_enter(struct wt_client *c, uint32_t to_submit, uint32_t min_complete);

/* Completions that lie in the ring; the at-th of them; step over n. */
uint32_t wt_cq_ready(const struct wt_client *c);
struct wn_cqe wt_cqe(const struct wt_client *c, uint32_t at);
void wt_cq_seen(struct wt_client *c, uint32_t n);

/* One op there and back: its result. wide: 64 bytes of the second slot, or NULL. */
int64_t wt_op(struct wt_client *c, const struct wn_sqe *sqe, const void *wide);

/* Map a region as it may be mapped; wt_err() tells. wt_unmap takes it back. */
void *wt_map(const struct wt_client *c, uint32_t type);
void wt_unmap(const struct wt_client *c, uint32_t type, void *at);

/* One NOP there and back: 0, or what went wrong. */
long wt_nop(struct wt_client *c, uint64_t user_data);

/* ---------------------------------------------------------------- others */

/* Become this user and group, without any other group. */
int wt_become(unsigned int id);

/* Run fn in a child, as user id (0: as we are); its value, or -ESRCH if it was killed. */
int wt_in_child(unsigned int id, int (*fn)(void *arg), void *arg);

/* A number behind "key:" in /proc/self/fdinfo/FD; -1 if there is no such line. */
long long wt_fdinfo(int fd, const char *key);
/* The word behind it. */
int wt_fdinfo_word(int fd, const char *key, char *word, size_t size);

/* A whole small file, NUL-terminated, without its last newline; bytes or -errno. */
int wt_read_file(const char *path, char *text, size_t size);
int wt_write_file(const char *path, const char *text);

/* The pid of a thread of the kernel's by its name; 0: there is none. */
int wt_thread(const char *comm);

/* Whether who submits has to enter: no thread is awake that takes it. */
static inline bool wt_needs_wakeup(const struct wn_kern_ring *kern)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&kern->flags, __ATOMIC_RELAXED) & WN_KR_F_NEED_WAKEUP;
}

/* Bytes that the mount's domains and clients hold, by statfs. */
long long wt_used(const struct wt_mount *m);

/* How much a test does: what that word of the environment says, or as usual. */
uint32_t wt_number(const char *env, uint32_t usual);

#endif
