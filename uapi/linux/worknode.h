/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Worknode: state shared by the processes of one host, one writer a page.
 *
 * This header is all that the kernel and user space share by text. It is
 * unstable until 1.0; the rules below hold from the first day all the same.
 *
 *  - Only fixed-width types, naturally aligned, no padding holes: 32-bit and
 *    64-bit programs see the same bytes.
 *  - Every ioctl argument starts with its size. A shorter struct than the
 *    kernel's is filled up with zeroes (bounds: with defaults); of a longer one
 *    the bytes the kernel does not know must be zero (-E2BIG). A size below the
 *    first version's, above 4096 or not a multiple of 8 is -EINVAL. On success
 *    the kernel writes back what it knows of the struct, with its own size.
 *  - The command's number, not the size encoded in it, selects what is done.
 *  - Unknown flags and reserved fields that are not zero are -EINVAL.
 *  - Names of features are asked for (WN_IOC_QUERY, features/), never inferred
 *    from a version.
 *
 * One errno, one meaning, everywhere:
 *
 *   EINVAL       malformed: unknown flag, reserved field, zero bound, bad length
 *   E2BIG        bytes behind the known struct are not zero; above a hard limit
 *   ENOSPC       a bound of the domain, mount or module is reached
 *   EDQUOT       a quota (of the user, a capability or an escrow) is reached
 *   ENOMEM       the kernel or the caller's memory cgroup has no memory left
 *   EEXIST       the name is taken
 *   ENOENT       no such name
 *   ENOTEMPTY    the node has children
 *   ELOOP        a node cannot move below itself
 *   ENAMETOOLONG a name of more than WN_NAME_MAX bytes
 *   EACCES       mode bits or rights do not allow it
 *   EPERM        restricted: the client's list of ops does not hold it
 *   ESTALE       the handle's generation is gone, for ever; or the node lies
 *                outside the capability's subtree, which looks the same
 *   EBUSY        set up, enabled or in use already
 *   ENXIO        not set up, or not enabled yet
 *   ENOTTY       no such ioctl on this file
 *   EOPNOTSUPP   an opcode or type this module does not know
 *   EAGAIN       a version precondition failed; a full ring in user space
 *   ENOBUFS      the receiver's ring or backlog is full; or the domain's journal is
 *   ECANCELED    a chain stopped before this op; a call was cancelled
 *   ETIME        the deadline passed
 *   EINTR        a signal came before anything was done
 *   ENOLINK      the peer died
 *   EPROTO       the peer wrote nonsense
 *   EOWNERDEAD   used by another process than the one that enabled the client
 *   EKEYREVOKED  the capability was revoked
 *   EKEYEXPIRED  the capability expired
 *   ENOKEY       a hand-over that is used up
 *   EXDEV        of another domain
 *   EBADMSG      no token of this domain: cut, changed or made up
 *   EHOSTDOWN    no quorum
 *   ESHUTDOWN    the client is dead
 */
#ifndef _UAPI_LINUX_WORKNODE_H
#define _UAPI_LINUX_WORKNODE_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define WN_ABI_VERSION		1	/* of ioctls and structs; grows with each release that adds */
#define WN_LAYOUT_VERSION	1	/* of the mapped pages */

#define WN_NAME_MAX		63	/* bytes of a name without the final NUL */
#define WN_NAME_BYTES		64
#define WN_PRIORITIES		4	/* 0 is the lowest */
#define WN_DEPTH_MAX		64

/* The file system. Its magic is what statfs tells: "wnfs". */
#define WN_FS_NAME		"worknodefs"
#define WN_FS_MAGIC		0x73666e77
#define WN_FS_PATH		"/dev/worknode"	/* the usual instance */
#define WN_FS_CONTROL		"control"	/* file that creates domains */
#define WN_FS_FEATURES		"features"	/* directory, one file a feature */

/* ------------------------------------------------------------- handles */

/*
 * A node, cell or any other record of a domain is named by 64 bits: an index
 * in the low 24, a generation in the high 40. Generations start at 1, so 0
 * names nothing. A handle is never reused; an index whose generations are
 * used up is retired.
 */
#define WN_HANDLE_INDEX_BITS	24
#define WN_HANDLE_INDEX_MASK	0xffffffULL
#define WN_HANDLE_NONE		0ULL

/* -------------------------------------------------------------- bounds */

/*
 * All that a domain may ever hold, fixed when it is created; memory for it is
 * taken then. WN_IOC_BOUNDS tells the defaults and the hard limits. A zero is
 * -EINVAL, a value above the hard limit -E2BIG; fields behind the caller's
 * size take their defaults. The *_entries must be powers of two.
 */
struct wn_bounds {
	__u32 nodes;		/* nodes in the domain */
	__u32 children;		/* children of one node */
	__u32 depth;		/* levels below the root */
	__u32 cells;		/* cells in the domain */
	__u32 set_elems;	/* elements of one orset or ormap */
	__u32 elems;		/* elements of all sets and maps */
	__u32 replicas;		/* entries of a version vector */
	__u32 clients;		/* clients that are set up at a time */
	__u32 caps;		/* capabilities of one client */
	__u32 slots;		/* attached counters of one client */
	__u32 sq_entries;	/* largest submission ring of a client */
	__u32 cq_entries;	/* largest completion ring of a client, sq_entries at least */
	__u32 inbox_entries;	/* largest inbox of a client, all priorities together */
	__u32 group_ops;	/* ops in one atomic group */
	__u32 idem_keys;	/* idempotency keys kept for a client */
	__u32 lanes;		/* lanes in the domain */
	__u32 subs;		/* subscriptions in the domain */
	__u32 timers;		/* timers, delayed events, calls, monitors, links in the domain */
	__u32 log_records;	/* records of the private change log */
	__u32 backlog;		/* events waiting behind all inboxes */
	__aligned_u64 slab_bytes;	/* element values above 64 bytes, all together */
};

/* ---------------------------------------------- ioctls on any file of ours */

/* Features, bits of wn_query.features; each is a file in features/ too. */
#define WN_FEAT_DOMAINS		(1ULL << 0)	/* domain files: create, list, open, remove */
#define WN_FEAT_RINGS		(1ULL << 1)	/* setup, restrict, enable, enter; mapped rings */
#define WN_FEAT_NOP		(1ULL << 2)	/* WN_OP_NOP with injected results */
#define WN_FEAT_ARENAS		(1ULL << 3)	/* wn_setup.arena_*: ops with bulk bytes */
#define WN_FEAT_LANES		(1ULL << 4)	/* WN_IOC_LANE_*: lanes between clients */
#define WN_FEAT_POLL		(1ULL << 5)	/* WN_IOC_POLL: polling threads */
#define WN_FEAT_CLASSES		(1ULL << 6)	/* WN_IOC_CLASSES: what who opens a domain may do */
#define WN_FEAT_HANDOVER	(1ULL << 7)	/* WN_IOC_CAP_EXPORT, _REDEEM: a capability as an fd */
#define WN_FEAT_EPOCH		(1ULL << 8)	/* WN_IOC_WAIT_EPOCH: waiting for a change */
#define WN_FEAT_EVENTFD		(1ULL << 9)	/* WN_IOC_EVENTFD */
#define WN_FEAT_JOURNAL		(1ULL << 10)	/* wn_domain_create.journal_kb, WN_IOC_JOURNAL */
#define WN_FEAT_FANS		(1ULL << 11)	/* WN_IOC_FAN_*: lanes with many consumers */

/* WN_IOC_QUERY: what this module can do. Needs no domain, changes nothing. */
struct wn_query {
	__u32 size;		/* in: the caller's struct; out: the kernel's */
	__u32 flags;		/* in: 0 */
	__u32 abi;		/* out: WN_ABI_VERSION of the module */
	__u32 layout;		/* out: WN_LAYOUT_VERSION of the module */
	__aligned_u64 features;	/* out: WN_FEAT_* */
	__aligned_u64 ops[4];	/* out: opcode n is bit n % 64 of ops[n / 64] */
	__aligned_u64 cell_types; /* out: cell type n is bit n */
	__u32 page_size;	/* out: regions are multiples of it */
	__u32 reserved;		/* 0 */
	__u8 version[16];	/* out: the module's version, NUL-padded */
};

#define WN_BOUNDS_DEFAULT	0
#define WN_BOUNDS_LIMIT		1	/* the large profile: the hard limits */

/* WN_IOC_BOUNDS: the bounds that hold for this module. */
struct wn_bounds_query {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 which;		/* in: WN_BOUNDS_* */
	__u32 reserved;		/* 0 */
	__aligned_u64 bytes;	/* out: memory of a domain of these bounds, clients apart */
	struct wn_bounds bounds; /* out */
};

/* ------------------------------------------------- ioctls on control */

/*
 * WN_IOC_CREATE: make a domain, a file beside control. The caller becomes its
 * owner. The name has 1 to WN_NAME_MAX bytes, NUL-padded to the field, no '/',
 * is not "." or "..". EBADF: control is not open for writing; EINVAL: the name, the
 * mode, a bound that is zero; ENAMETOOLONG; E2BIG: a bound or journal_kb above its limit;
 * EDQUOT, ENOSPC, ENOMEM: memory, which is taken first; then EEXIST: the name is taken.
 *
 * With journal_kb all that the domain's engine is told is written down, in so many KB of
 * memory, or as many as its bounds need, whichever is more; see WN_IOC_JOURNAL.
 */
#define WN_JOURNAL_KB_MAX	(1U << 20)

struct wn_domain_create {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 mode;		/* in: permission bits, 0777 at most; the umask applies */
	__u32 journal_kb;	/* in: KB for a journal; 0: there is none */
	__u8 name[WN_NAME_BYTES];
	struct wn_bounds bounds;
};

/*
 * WN_IOC_CLASSES: what those who open a domain may do: the rights (WN_RIGHT_*) of a
 * client's first capability, by the class of who opens the file: its owner, of its
 * group, or another. Its mode says who may open it at all. Looked up at each open; later
 * changes of the table, the owner or the group leave a client as it is. Privilege adds
 * nothing. A new domain's table is WN_CLASS_DEFAULT_*.
 *
 * With WN_CLASSES_SET the table becomes rights; else it is told. To set it takes control
 * open for writing (EBADF), and the domain's owner or CAP_FOWNER (EPERM). ENOENT: no
 * such domain; EINVAL, ENAMETOOLONG: the name, a right that there is not.
 */
#define WN_CLASS_OWNER		0
#define WN_CLASS_GROUP		1
#define WN_CLASS_OTHER		2
#define WN_CLASSES		3

#define WN_CLASSES_SET		(1U << 0)

struct wn_class_table {
	__u32 size;
	__u32 flags;		/* in: WN_CLASSES_SET */
	__u8 name[WN_NAME_BYTES]; /* in: as with create */
	__u32 rights[WN_CLASSES]; /* in/out */
	__u32 reserved;		/* 0 */
};

/*
 * WN_IOC_JOURNAL: take the next bytes out of a domain's journal. Put together they are all
 * that its engine was ever told, in order: given to another one (kmod/core/replay.h) they
 * make the same state, bit for bit. While there is no room for more, for nobody takes it
 * out, ops and clients are refused (ENOBUFS); nothing is done that is not written down.
 *
 * The first record holds the domain's keys: so it takes control open for writing (EBADF)
 * and the domain's owner or CAP_FOWNER (EPERM). ENOENT: no such domain; ENODATA: it has no
 * journal; EINVAL, ENAMETOOLONG: the name; EFAULT: nothing was taken out; EINTR.
 */
#define WN_JOURNAL_FULL		(1U << 0)	/* somebody's ops are refused until more is taken out */
#define WN_JOURNAL_BROKEN	(1U << 1)	/* for good: a fault of the module's */

struct wn_journal_take {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u8 name[WN_NAME_BYTES]; /* in: as with create */
	__aligned_u64 addr;	/* in: where they go to */
	__u32 bytes;		/* in: how many at most, 0: only tell; out: how many, 0: none for now */
	__u32 state;		/* out: WN_JOURNAL_* */
	__aligned_u64 position;	/* out: bytes that were taken out before them */
	__aligned_u64 left;	/* out: bytes that can be taken out now */
};

/* ------------------------------------------------- ioctls on a domain */

/* WN_IOC_INFO: what a domain holds and what is left. */
struct wn_domain_info {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__aligned_u64 id;	/* out: unique on this host since the module was loaded */
	__aligned_u64 bytes;	/* out: memory of the domain, clients apart */
	__aligned_u64 client_bytes; /* out: memory of its clients */
	__u32 clients;		/* out: clients set up */
	__u32 nodes;		/* out: nodes in use */
	struct wn_bounds bounds; /* out */
};

/*
 * A region: what can be mapped, where, and by whom it is written. Offsets are
 * constants: a type's region starts at type << WN_REGION_SHIFT. A region is
 * mapped whole, MAP_SHARED, never executable; its length is bytes.
 *
 * mmap: ENXIO: no setup yet; EINVAL: no region at this offset, another length, not
 * MAP_SHARED; EACCES: writable where it must not be; PUBLIC or ALL_SLOTS without the right
 * READ over the whole domain; EPERM: PROT_EXEC, for which the
 * file system is not mounted; EOWNERDEAD: enabled by another process. mprotect to
 * more than was asked for at mmap, where that is not allowed: EACCES. A forked child
 * has none of the mappings.
 */
#define WN_REGION_SHIFT		36
#define WN_REGION_OFFSET(type)	((__u64)(type) << WN_REGION_SHIFT)

#define WN_REGION_USER_RING	0	/* struct wn_user_ring; the client writes */
#define WN_REGION_SQES		1	/* struct wn_sqe[]; the client writes */
#define WN_REGION_KERN_RING	2	/* struct wn_kern_ring; the engine writes */
#define WN_REGION_CQES		3	/* struct wn_cqe[]; the engine writes */
#define WN_REGION_INBOX		4	/* struct wn_event[], priority 0 first; the engine writes */
#define WN_REGION_PUBLIC	5	/* struct wn_public and what it points to; the engine writes */
#define WN_REGION_SLOTS		6	/* the client's own slot page; the client writes */
#define WN_REGION_ALL_SLOTS	7	/* a page for each client, its slots; zeroes where none is */
#define WN_REGION_ARENA_IN	8	/* bulk bytes to the engine; the client writes */
#define WN_REGION_ARENA_OUT	9	/* bulk bytes to the client; the engine writes */
#define WN_REGION_LANES		16	/* and above: lanes */
#define WN_REGION_TABLE		16	/* entries of the table in wn_setup */

#define WN_REGION_F_WRITE	(1U << 0)	/* the client may map it writable */

struct wn_region {
	__u32 type;		/* WN_REGION_* */
	__u32 flags;		/* WN_REGION_F_* */
	__aligned_u64 offset;	/* for mmap */
	__aligned_u64 bytes;	/* length to map, a multiple of the page size */
};

/*
 * WN_IOC_SETUP: make this open file a client, disabled. The file must be open
 * for reading and writing (-EBADF), once only (-EBUSY). Entries are powers of
 * two within the domain's bounds; 0 takes the default in brackets. Arenas hold
 * what is too long for a slot (WN_REGION_ARENA_*), whole pages, WN_ARENA_MAX at
 * most (-E2BIG).
 */
#define WN_ARENA_MAX		(1U << 20)

struct wn_setup {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 sq_entries;	/* in/out [256 or the bound, the smaller] */
	__u32 cq_entries;	/* in/out [512 or sq_entries, within the bound]; at least sq_entries */
	__u32 inbox_entries[WN_PRIORITIES]; /* in/out [a quarter of 256 or of the bound] */
	__u32 client;		/* out: number of the client in its domain */
	__u32 nr_regions;	/* out: entries of regions that are filled */
	__aligned_u64 bytes;	/* out: memory of the client */
	__aligned_u64 arena_in;	/* in/out: bytes [16384], rounded up to pages */
	__aligned_u64 arena_out; /* in/out: the same, to the client */
	struct wn_region regions[WN_REGION_TABLE]; /* out: what may be mapped */
};

/*
 * WN_IOC_RESTRICT: (ENXIO: no setup yet) from now on this client may submit these opcodes only.
 * Bits as in wn_query.ops. Restrictions only shrink: a later list is
 * intersected. Allowed after setup, before and after enable.
 */
struct wn_restrict {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__aligned_u64 ops[4];	/* in: allowed; out: what is allowed now */
};

/*
 * WN_IOC_ENABLE: the calling process becomes the client's owner. Ops are taken
 * from now on, and from this process only (-EOWNERDEAD for any other). When it has
 * exited the client dies, whoever else has the file open: its slots are folded, its
 * memory and number go back, WN_KR_F_DEAD is set, all calls fail with -ESHUTDOWN. What
 * is mapped of it by others stays mapped, and is read by nobody. A program that the
 * owner executes is the same process.
 */
struct wn_enable {
	__u32 size;
	__u32 flags;		/* in: 0 */
};

/*
 * WN_IOC_ENTER: run the engine in the caller's context if nobody else does,
 * and wait for completions. Returns the number of slots taken from the
 * submission ring (a wide entry has two), 0 or more, or an error if nothing was
 * done: ENXIO: not enabled; EINVAL: min_complete above the completion ring's size.
 *
 * The wait ends when min_complete completions lie in the ring, at the deadline
 * (-ETIME if no entry was taken), by a signal (-EINTR if no entry was taken),
 * or when the client dies (-ESHUTDOWN).
 *
 * poll: POLLIN when a completion lies in the ring; POLLPRI and POLLRDBAND when an event
 * lies in the inbox (io_uring's polls are woken by the latter only); POLLERR before enable; POLLERR and POLLHUP when the client is dead.
 */
#define WN_ENTER_NO_DEADLINE	0ULL

/*
 * min_complete counts the events that lie unread in the inbox, too (up to
 * cq_entries in all). Whoever freed room in an inbox with WN_KR_F_BACKLOG enters,
 * with or without this flag, to get what waits behind it.
 */
#define WN_ENTER_EVENTS		(1U << 0)

struct wn_enter {
	__u32 size;
	__u32 flags;		/* in: WN_ENTER_* */
	__u32 to_submit;	/* in: take at most this many entries; 0 takes none */
	__u32 min_complete;	/* in: wait for so many completions; 0 does not wait */
	__aligned_u64 deadline;	/* in: ns of CLOCK_BOOTTIME, absolute; 0: none */
	__u32 completed;	/* out: completions that lie in the ring */
	__u32 reserved;		/* 0 */
};

/*
 * WN_IOC_SUBMIT: as WN_IOC_ENTER with to_submit = the argument, which is a number
 * and no pointer (above INT_MAX -EINVAL), and nothing to wait for. It copies nothing:
 * the shortest way for ops that are done inline.
 */

/*
 * WN_IOC_LANE_CONNECT: make a lane to the client that reads the events of a node; the
 * caller, who pays for it, is its producer. Right: EMIT. ENXIO, EOWNERDEAD: as with
 * WN_IOC_ENTER; EINVAL: bytes; EACCES, EKEYEXPIRED, ESTALE: the capability, the node;
 * ENOLINK: nobody reads there; EINVAL: the caller does; ENOSPC: lanes of the domain;
 * EDQUOT: the caller would produce for more than half of those left to it; EDQUOT,
 * ENOSPC, ENOMEM: memory.
 *
 * regions[0] is to be read: a page with struct wn_lane_state, one with the other's
 * struct wn_lane_side, and for the consumer the data, twice; regions[1] is to be
 * written: the own struct wn_lane_side in a page, and for the producer the data, twice.
 * After the lane's end, or what is mapped beyond, they show a page that nobody reads.
 */
struct wn_lane_connect {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__aligned_u64 node;	/* in: handle; 0: the capability's own */
	__u32 cap;		/* in: index of the capability; 0: the first */
	__u32 bytes;		/* in: of the ring, a power of two, _MIN to _MAX */
	__u32 lane;		/* out: its number in the domain */
	__u32 consumer;		/* out: number of the other client */
	struct wn_region regions[2]; /* out */
};

/*
 * WN_IOC_LANE_ACCEPT: take the oldest lane that was connected to this client.
 * EAGAIN: there is none. That there is one is told as a wake is.
 */
struct wn_lane_accept {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__aligned_u64 node;	/* out: that was connected to */
	__aligned_u64 badge;	/* out: of the producer's capability */
	__u32 lane;		/* out */
	__u32 bytes;		/* out: of the ring */
	__u32 producer;		/* out: number of the other client */
	__u32 reserved;		/* 0 */
	struct wn_region regions[2]; /* out: as with connect */
};

/*
 * WN_IOC_LANE_WAIT: sleep until the other side of a lane has woken this one, which it
 * may have done before, or is gone. lane = WN_LANE_ANY: until any of the client's has
 * been woken, or there is one to accept; that is also what poll tells, by EPOLLIN and
 * EPOLLMSG, until such a wait takes it. 0; ETIME; EINTR; ENOENT: no such lane.
 */
struct wn_lane_wait {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 lane;		/* in */
	__u32 reserved;		/* 0 */
	__aligned_u64 deadline;	/* in: ns of CLOCK_BOOTTIME, absolute; 0: none */
};

#define WN_LANE_ANY		(~0U)

/*
 * WN_IOC_LANE_WAKE, WN_IOC_LANE_CLOSE: the argument is a lane's number, and no
 * pointer. Wake the other side; give this end up, which the other is told. ENOENT.
 */

/*
 * WN_IOC_LANE_LIST: which lanes the domain has, in the order of their numbers, from next
 * on; up to WN_LANE_LIST a call. Each is told as it is at that moment. Right: READ over the
 * whole domain (EACCES); ENXIO, EOWNERDEAD, ESHUTDOWN: as with WN_IOC_ENTER.
 */
#define WN_LANE_LIST		32

struct wn_lane_info {
	__u32 lane;		/* its number in the domain */
	__u32 flags;		/* WN_LANE_I_* */
	__u32 producer;		/* numbers of clients; of one that is gone: which it had */
	__u32 consumer;		/* ~0: it is a fan, whose fill is what who joins can read */
	__aligned_u64 node;	/* that was connected to */
	__u32 bytes;		/* of the ring */
	__u32 fill;		/* of them in use, as far as both sides say what can be */
	__aligned_u64 written;	/* bytes in all, as the producer says */
	__aligned_u64 reserved[3]; /* 0 */
};

#define WN_LANE_I_ACCEPTED	(1U << 0)
#define WN_LANE_I_PRODUCER_GONE	(1U << 1)
#define WN_LANE_I_CONSUMER_GONE	(1U << 2)
#define WN_LANE_I_REVOKED	(1U << 3)
#define WN_LANE_I_PRODUCER_SLEEPS (1U << 4)	/* for room; as they say, as below */
#define WN_LANE_I_CONSUMER_SLEEPS (1U << 5)	/* for a record */

struct wn_lane_list {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 next;		/* in: the first number, 0; out: where to go on, WN_LANE_ANY: that was all */
	__u32 count;		/* out: records below */
	struct wn_lane_info lanes[WN_LANE_LIST]; /* out */
};

/*
 * WN_IOC_FAN_MAKE: make a lane of many consumers at a node; the caller, who pays for it,
 * is its producer. Right: EMIT. Errors as with CONNECT, but for ENOLINK; EINVAL: seats.
 * regions[0] is to be read: a page with struct wn_lane_state and, at WN_FAN_OFFSET,
 * struct wn_fan_state, then a page with struct wn_lane_side of each seat; regions[1] as
 * with CONNECT. WN_IOC_LANE_WAKE of the producer wakes all consumers.
 */
#define WN_FAN_HOLDS		(1U << 0)	/* the slowest holds the producer back; else it loses */

struct wn_fan_make {
	__u32 size;
	__u32 flags;		/* in: WN_FAN_HOLDS */
	__aligned_u64 node;	/* in: handle; 0: the capability's own */
	__u32 cap;		/* in: index of the capability; 0: the first */
	__u32 bytes;		/* in: of the ring, as with CONNECT */
	__u32 seats;		/* in: how many may read it at a time, 1 to WN_FAN_SEATS */
	__u32 lane;		/* out: its number in the domain */
	struct wn_region regions[2]; /* out */
};

/*
 * WN_IOC_FAN_JOIN: become a consumer of a fan at a node. Right: READ. The caller pays for
 * its seat. It begins with the oldest record that is there still, or behind the newest:
 * its pos says where. ENOENT: there is none, or its producer is gone; EINVAL: the caller
 * is its producer; EEXIST: it has a seat; ENOSPC: all are taken; EAGAIN: the producer
 * moves on too fast; EPROTO: what it says of where it is cannot be; else as with CONNECT.
 * Regions as with ACCEPT.
 */
#define WN_FAN_NEWEST		(1U << 0)

struct wn_fan_join {
	__u32 size;
	__u32 flags;		/* in: WN_FAN_NEWEST */
	__aligned_u64 node;	/* in: handle; 0: the capability's own */
	__u32 cap;		/* in: index of the capability; 0: the first */
	__u32 lane;		/* in: which; WN_LANE_ANY: the first at that node; out */
	__u32 bytes;		/* out: of the ring */
	__u32 seat;		/* out */
	__u32 life;		/* out: which of those that had the seat */
	__u32 fan;		/* out: WN_FAN_HOLDS */
	__u32 producer;		/* out: number of the other client */
	__u32 reserved;		/* 0 */
	struct wn_region regions[2]; /* out */
};

/*
 * WN_IOC_FAN_EVICT: the producer takes a seat back. Its consumer reads and writes pages
 * that nobody else sees from then on. ENOENT: no such lane, or nobody has the seat in
 * that life; EINVAL: the caller is not the producer of a fan.
 */
struct wn_fan_evict {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__u32 lane;		/* in */
	__u32 seat;		/* in */
	__u32 life;		/* in */
	__u32 reserved;		/* 0 */
};

/*
 * WN_IOC_POLL: a kernel thread takes what the domain's clients submit; while it is
 * awake WN_KR_F_NEED_WAKEUP is not set. It sleeps when nothing came for idle_us, starts
 * and stops with the domain's first and last client. Only by a client whose first
 * capability has ADMIN (EACCES). EBUSY: there is one; ENOSPC: the host has as many
 * as the module's parameter "pollers" allows, by default none below four CPUs.
 */
#define WN_POLL_STOP		(1U << 0)	/* no thread any more */
#define WN_POLL_CPU		(1U << 1)	/* on this CPU (EINVAL: it is not online) while that is there */

struct wn_poll_args {
	__u32 size;
	__u32 flags;		/* in: WN_POLL_* */
	__u32 idle_us;		/* in/out [1000]: 1000000 at most */
	__u32 cpu;		/* in: with WN_POLL_CPU, else 0 */
};

/*
 * WN_IOC_CAP_EXPORT: an fd that stands for a grant to be made: pass it on (SCM_RIGHTS,
 * inheritance), and whoever redeems it into a client of the domain gets what CAP_GRANT
 * would have given it: a capability over node below cap. It can be redeemed so many
 * times as uses says, in all; no longer than cap is there; and what came of it goes with
 * cap. To be able to take it back alone grant yourself one to export. The fd holds the
 * mount as an open file does. Right: GRANT. EINVAL: uses 0, the grant; EACCES,
 * EKEYREVOKED, EKEYEXPIRED, ESTALE, EPERM: as CAP_GRANT; EMFILE, ENFILE, ENOMEM.
 *
 * WN_IOC_CAP_REDEEM: into this client's table. EBADF: no such fd; EXDEV: it is of another
 * domain; ENOKEY: all its uses are taken; EKEYREVOKED: the capability, or the client that
 * exported it, is gone; else as CAP_GRANT to this client. An error uses nothing up.
 */

/*
 * WN_IOC_WAIT_EPOCH: sleep until something is not what it was: the domain's epoch
 * (wn_public.epoch, whose lowest bit counts for nothing here), or with WN_EPOCH_NODE the
 * version of a node (wn_node_rec.version). What differs already ends the wait at once, so
 * whoever hands in what it was told last misses no change. 0, and epoch is what it is now;
 * ETIME; EINTR; ESHUTDOWN: the client is dead; ENXIO, EOWNERDEAD: as with WN_IOC_ENTER.
 * Right: READ, for the domain's epoch over all of it (EACCES); EKEYREVOKED, EKEYEXPIRED;
 * ESTALE: no such node, or not any more. ENOSPC: 64 of this client wait already.
 */
#define WN_EPOCH_NODE		(1U << 0)

struct wn_epoch_wait {
	__u32 size;
	__u32 flags;		/* in: WN_EPOCH_* */
	__aligned_u64 node;	/* in: with WN_EPOCH_NODE: a handle, 0: the capability's own; else 0 */
	__aligned_u64 seen;	/* in: what it was */
	__aligned_u64 deadline;	/* in: ns of CLOCK_BOOTTIME, absolute; 0: none */
	__aligned_u64 epoch;	/* out: what it is */
	__u32 cap;		/* in: index of the capability it is done under */
	__u32 reserved;		/* 0 */
};

/*
 * WN_IOC_EVENTFD: have an eventfd (man 2 eventfd) told when completions lie in the ring,
 * or events in the inbox; one for each, or the same for both. It is told at once of what
 * lies there already, of a death, and not while WN_UR_F_NO_WAKEUP is set. fd -1: no more.
 * EBADF, EINVAL: fd is none; EBUSY: there is one; ENOENT: there is none to take out; ENXIO,
 * EOWNERDEAD, ESHUTDOWN: as with WN_IOC_ENTER.
 */
#define WN_EVENTFD_COMPLETIONS	(1U << 0)
#define WN_EVENTFD_EVENTS	(1U << 1)

struct wn_eventfd_args {
	__u32 size;
	__u32 flags;		/* in: WN_EVENTFD_*, at least one */
	__s32 fd;		/* in */
	__u32 reserved;		/* 0 */
};

#define WN_IOC_MAGIC		0xBE
#define WN_IOC_QUERY		_IOWR(WN_IOC_MAGIC, 0, struct wn_query)
#define WN_IOC_BOUNDS		_IOWR(WN_IOC_MAGIC, 1, struct wn_bounds_query)
#define WN_IOC_CREATE		_IOWR(WN_IOC_MAGIC, 2, struct wn_domain_create)
#define WN_IOC_CLASSES		_IOWR(WN_IOC_MAGIC, 3, struct wn_class_table)
#define WN_IOC_JOURNAL		_IOWR(WN_IOC_MAGIC, 4, struct wn_journal_take)
#define WN_IOC_INFO		_IOWR(WN_IOC_MAGIC, 8, struct wn_domain_info)
#define WN_IOC_SETUP		_IOWR(WN_IOC_MAGIC, 16, struct wn_setup)
#define WN_IOC_RESTRICT		_IOWR(WN_IOC_MAGIC, 17, struct wn_restrict)
#define WN_IOC_ENABLE		_IOWR(WN_IOC_MAGIC, 18, struct wn_enable)
#define WN_IOC_ENTER		_IOWR(WN_IOC_MAGIC, 19, struct wn_enter)
#define WN_IOC_SUBMIT		_IO(WN_IOC_MAGIC, 20)
#define WN_IOC_LANE_CONNECT	_IOWR(WN_IOC_MAGIC, 32, struct wn_lane_connect)
#define WN_IOC_LANE_ACCEPT	_IOWR(WN_IOC_MAGIC, 33, struct wn_lane_accept)
#define WN_IOC_LANE_WAIT	_IOWR(WN_IOC_MAGIC, 34, struct wn_lane_wait)
#define WN_IOC_LANE_WAKE	_IO(WN_IOC_MAGIC, 35)
#define WN_IOC_LANE_CLOSE	_IO(WN_IOC_MAGIC, 36)
#define WN_IOC_LANE_LIST	_IOWR(WN_IOC_MAGIC, 37, struct wn_lane_list)
#define WN_IOC_FAN_MAKE		_IOWR(WN_IOC_MAGIC, 40, struct wn_fan_make)
#define WN_IOC_FAN_JOIN		_IOWR(WN_IOC_MAGIC, 41, struct wn_fan_join)
#define WN_IOC_FAN_EVICT	_IOWR(WN_IOC_MAGIC, 42, struct wn_fan_evict)
#define WN_IOC_POLL		_IOWR(WN_IOC_MAGIC, 21, struct wn_poll_args)
#define WN_IOC_CAP_EXPORT	_IOWR(WN_IOC_MAGIC, 24, struct wn_cap_export)
#define WN_IOC_CAP_REDEEM	_IOWR(WN_IOC_MAGIC, 25, struct wn_cap_redeem)
#define WN_IOC_WAIT_EPOCH	_IOWR(WN_IOC_MAGIC, 22, struct wn_epoch_wait)
#define WN_IOC_EVENTFD		_IOWR(WN_IOC_MAGIC, 23, struct wn_eventfd_args)

/* --------------------------------------------------------------- rings */

/*
 * Positions are free-running 32-bit counters; a slot is position & (entries -
 * 1). A publisher writes the slots, then stores its tail with release; a
 * reader loads the tail with acquire, reads the slots, then stores its head
 * with release. Each side clamps what the other wrote to the ring's size.
 */

/* Offsets in the rings' pages, for programs that cannot include structs. */
#define WN_UR_SQ_TAIL		0
#define WN_UR_CQ_HEAD		64
#define WN_UR_INBOX_HEAD	128
#define WN_UR_FLAGS		192
#define WN_KR_SQ_HEAD		0
#define WN_KR_CQ_TAIL		64
#define WN_KR_INBOX_TAIL	128
#define WN_KR_FLAGS		192
#define WN_KR_SQ_ENTRIES	256
#define WN_KR_CQ_ENTRIES	260
#define WN_KR_INBOX_ENTRIES	264
#define WN_KR_REFUSED		320
#define WN_KR_CREDIT		328

/* Written by the client alone. */
struct wn_user_ring {
	__u32 sq_tail;		/* release: entries below it are submitted */
	__u32 pad0[15];
	__u32 cq_head;		/* release: completions below it are consumed */
	__u32 pad1[15];
	__u32 inbox_head[WN_PRIORITIES]; /* release: events below it are consumed */
	__u32 pad2[12];
	__u32 flags;		/* WN_UR_F_* */
	__u32 pad3[15];
};

#define WN_UR_F_NO_WAKEUP	(1U << 0)	/* do not wake this client's pollers */

/* Written by the engine alone. */
struct wn_kern_ring {
	__u32 sq_head;		/* release: entries below it are taken, their slots free */
	__u32 pad0[15];
	__u32 cq_tail;		/* release: completions below it are there */
	__u32 pad1[15];
	__u32 inbox_tail[WN_PRIORITIES]; /* release: events below it are there */
	__u32 pad2[12];
	__u32 flags;		/* WN_KR_F_*; look after a full fence behind the tail's store */
	__u32 pad3[15];
	__u32 sq_entries;	/* constant from setup on, as the two below */
	__u32 cq_entries;
	__u32 inbox_entries[WN_PRIORITIES];
	__u32 pad4[10];
	__aligned_u64 refused;	/* entries that completed with an error */
	__u32 credit;		/* events this client's backlog can still take */
	__u32 pad5[13];
};

#define WN_KR_F_NEED_WAKEUP	(1U << 0)	/* nobody polls: WN_IOC_ENTER after submitting */
#define WN_KR_F_BACKLOG		(1U << 1)	/* events wait for room in the inbox: enter after freeing some */
#define WN_KR_F_DEAD		(1U << 2)	/* the client died: nothing is taken any more */
#define WN_KR_F_CQ_FULL		(1U << 3)	/* entries wait for room in the completion ring */

/*
 * A submission: one cache line. Fields that an opcode does not name are zero
 * (-EINVAL). With WN_SQE_WIDE the following slot is 64 bytes of data that
 * belong to this entry; both are submitted by one store of the tail.
 */
struct wn_sqe {
	__u8 opcode;		/* WN_OP_* */
	__u8 flags;		/* WN_SQE_* */
	__u16 cap;		/* index of the capability it is done under; 0: the first */
	__u32 op_flags;		/* per opcode */
	__aligned_u64 user_data; /* comes back in the completion */
	__aligned_u64 node;	/* handle it acts on */
	__aligned_u64 arg;	/* per opcode: a second handle, a trace id, a deadline */
	__aligned_u64 version;	/* with WN_SQE_IF_VERSION: the node's version must be this */
	__aligned_u64 w[3];	/* per opcode */
};

/*
 * An atomic group is a run of entries with WN_SQE_ATOMIC and the first without,
 * submitted by one store of the tail. It is checked whole before its first op,
 * applied whole or not at all, and never split by wn_enter.to_submit. Where one
 * op fails it completes with its error and the others with -ECANCELED. A group
 * of more than group_ops entries (-E2BIG) or without an end (-EINVAL) is
 * cancelled up to and with its end, whenever that comes. WN_SQE_LINK counts on a
 * group's last entry.
 */
#define WN_SQE_LINK		(1U << 0)	/* if this fails the next is not done: -ECANCELED */
#define WN_SQE_ATOMIC		(1U << 1)	/* one group with the next: all or nothing */
#define WN_SQE_IF_VERSION	(1U << 2)	/* -EAGAIN unless the node's version matches */
#define WN_SQE_IDEM		(1U << 3)	/* w[2] is an idempotency key: done once, answered again */
#define WN_SQE_QUIET		(1U << 4)	/* no completion if it succeeds */
#define WN_SQE_WIDE		(1U << 5)	/* the next slot belongs to it */
#define WN_SQE_FLAGS		0x3fU		/* all that are known */

/*
 * A result is an error where it lies in -4095 .. -1. Any other value is the
 * opcode's own; a handle may have its top bit set, so "below zero" is no test.
 */
#define WN_RES_IS_ERROR(res)	((__u64)(res) > (__u64)-4096)

/* A completion. */
struct wn_cqe {
	__aligned_u64 user_data; /* of the submission */
	__s64 res;		/* 0 or a result of the opcode, or -errno */
	__aligned_u64 hlc;	/* domain clock of the change; of an error: when it was refused */
	__u32 flags;		/* WN_CQE_* */
	__u32 aux;		/* per opcode */
} __attribute__((aligned(8)));

#define WN_CQE_MORE		(1U << 0)	/* more completions of this entry follow */
#define WN_CQE_AGAIN		(1U << 1)	/* answered from an idempotency key, not done again */

/*
 * An event: one cache line, to a node, into the inbox of the client that
 * reads that node's events.
 */
struct wn_event {
	__aligned_u64 node;	/* handle it was sent to */
	__aligned_u64 hlc;	/* domain clock when it was sent */
	__aligned_u64 trace;	/* the sender's trace id */
	__aligned_u64 badge;	/* of the sender's capability; 0: the engine */
	__u32 type;		/* payload type id, the application's */
	__u8 kind;		/* WN_EV_* */
	__u8 priority;		/* 0 to WN_PRIORITIES - 1 */
	__u8 len;		/* bytes of data that are used, 0 to 24 */
	__u8 flags;		/* WN_EV_F_* */
	__u8 data[24];		/* inline, or with WN_EV_F_BULK: __u64 offset, __u32 bytes in the arena */
};

#define WN_EV_USER		0	/* sent by a client */
#define WN_EV_DOWN		1	/* a monitored node or client died */
#define WN_EV_LOSS		2	/* data: __u64 events lost before this one; of a node: see EMIT_SUBTREE, SUBSCRIBE */
#define WN_EV_RESCAN		3	/* a subscription overflowed: ask for changes since hlc */
#define WN_EV_CHANGE		4	/* a subscribed node changed */
#define WN_EV_CALL		5	/* a call: reply to it */
#define WN_EV_REPLY		6	/* a reply to a call of this client */
#define WN_EV_TIMER		7	/* a timer came due */
#define WN_EV_LEASE		8	/* from a work queue: acknowledge it */
#define WN_EV_CAP		9	/* a capability was handed over */
#define WN_EV_AUDIT		10	/* to ADMIN subscribers: grant, refusal, expiry, revocation */

/* What lies in the data of WN_EV_CHANGE and WN_EV_RESCAN. */
struct wn_change {
	__aligned_u64 sub;	/* handle of the subscription */
	__aligned_u64 version;	/* of the node; of WN_EV_RESCAN 0 */
	__u32 what;		/* WN_CHANGE_*; of WN_EV_RESCAN 0 */
	__u32 error;		/* of WN_CHANGE_END: the errno, above zero */
};

/* What lies in the data of WN_EV_CAP. */
struct wn_cap_event {
	__aligned_u64 expires;
	__u32 index;		/* in the receiver's table */
	__u32 rights;
};

#define WN_CHANGE_TREE		(1U << 0)	/* these three as WN_SUB_* */
#define WN_CHANGE_FIELDS	(1U << 1)
#define WN_CHANGE_CELLS		(1U << 2)
#define WN_CHANGE_MOVED		(1U << 3)	/* with TREE: and all below moved along */
#define WN_CHANGE_STATE		(1U << 4)	/* no change: the node as it was found */
#define WN_CHANGE_LIVE		(1U << 5)	/* all that was there has been told */
#define WN_CHANGE_END		(1U << 6)	/* the subscription has ended */

/* What lies in the data of WN_EV_TIMER. */
struct wn_timer_told {
	__aligned_u64 timer;	/* handle */
	__aligned_u64 due;	/* boottime in ns for which it was set, the last time */
	__aligned_u64 count;	/* times that it came due since it was last told */
};

#define WN_EV_F_BULK		(1U << 0)	/* data refers to bulk bytes */
#define WN_EV_F_REDELIVERED	(1U << 1)	/* a lease ended before */
#define WN_EV_F_REVOKED		(1U << 2)	/* the sender's capability was revoked before it came to the inbox */
#define WN_EV_TRIES(flags)	((__u8)(flags) >> 4)	/* leases that ended without an ACK, 15: or more */
#define WN_EV_TRIES_FLAG(n)	((__u8)((n) << 4))
#define WN_EV_F_ERROR		(1U << 3)	/* a promise could not be kept: type is an errno */

/* ------------------------------------------------------------- opcodes */

/*
 * Which of them a module knows is told by WN_IOC_QUERY; the others complete
 * with -EOPNOTSUPP. Numbers are never reused. Fields are described where an
 * opcode is first supported.
 */

/*
 * NOP: nothing. op_flags 0; with WN_NOP_RESULT completes with (__s64)w[0],
 * so that error paths of a program can be tried.
 */
#define WN_OP_NOP		0
#define WN_NOP_RESULT		(1U << 0)

/*
 * Ops on nodes. node 0 is the capability's own node; for a capability over the
 * whole domain that is the root. With WN_SQE_IF_VERSION the version is that of
 * node. Beyond the errnos named: EACCES (a right is missing), ESTALE, EAGAIN.
 * All but NODE_READ and QUERY may be in an atomic group. w[2] is the
 * idempotency key with WN_SQE_IDEM, which all that change something take.
 *
 * A name has 1 to WN_NAME_MAX bytes, none of them '/' or NUL, is not "." or
 * "..", and is given in a second slot (WN_SQE_WIDE): 64 bytes, NUL-padded.
 */

/*
 * NODE_CREATE: a new child of node, which is the first of its children from
 * now on. Wide: its name. w[0]: type in the low 32 bits, state in the high;
 * w[1]: tags; op_flags: WN_CREATE_TIER(t), else its tier is node's;
 * WN_CREATE_ON_DEATH(WN_DEATH_*): what comes of it when this client dies. Result: the
 * handle. Right: CREATE. EEXIST; ENOSPC: nodes, children, depth, or no room in
 * the name index; EDQUOT; EINVAL: a stronger tier than node's.
 */
#define WN_OP_NODE_CREATE	1
#define WN_CREATE_TIER(tier)	(((__u32)(tier) + 1) & 3)
#define WN_CREATE_FLAGS		3U
#define WN_CREATE_ON_DEATH_SHIFT 4
#define WN_CREATE_ON_DEATH(p)	((__u32)(p) << WN_CREATE_ON_DEATH_SHIFT)
#define WN_CREATE_DEATH_FLAGS	0x30U
#define WN_DEATH_KEEP		0	/* it stays as it is */
#define WN_DEATH_ORPHAN		1	/* its owner becomes WN_OWNER_NONE, which is a change */
#define WN_DEATH_DESTROY	2	/* it is destroyed, and all below it */
#define WN_OWNER_NONE		0xffffffffU

/*
 * NODE_DESTROY: node and all below it. Its handle and name are gone at once;
 * those below stay valid by handle until the engine reaches them, but nothing
 * can be created, moved or renamed there. Right: DESTROY. EBUSY: the root. With
 * WN_DESTROY_LEAF only if it has no children (ENOTEMPTY); in an atomic group
 * that flag must be given (EINVAL).
 */
#define WN_OP_NODE_DESTROY	2
#define WN_DESTROY_LEAF		(1U << 0)

/*
 * NODE_MOVE: node becomes the first child of the node arg; its name stays.
 * Result: its version. Rights: WRITE, and CREATE for arg. EEXIST; ELOOP; EBUSY:
 * the root; ENOSPC: children, depth, index; EINVAL: arg's tier is weaker.
 * The depth below a moved node counts as the deepest it was since it last had
 * no children.
 */
#define WN_OP_NODE_MOVE		3

/*
 * NODE_RENAME: wide: the new name; the old one again is no error. Result: its
 * version. Right: WRITE. EEXIST; EBUSY: the root; EACCES: the capability's own
 * node, whose name belongs to the world outside; ENOSPC: index.
 */
#define WN_OP_NODE_RENAME	4

/*
 * NODE_SET: change some fields, op_flags says which (EINVAL: none). w[0]: type
 * in the low 32 bits, state in the high; w[1]: tags to set, add or take away,
 * one of these; arg: the user word number WN_SET_USER_WORD(n). Wide: the user
 * words, all of them, in the slot's first 32 bytes, the rest zero. Result: the
 * version. Right: WRITE.
 */
#define WN_OP_NODE_SET		5
#define WN_SET_TYPE		(1U << 0)
#define WN_SET_STATE		(1U << 1)
#define WN_SET_TAGS		(1U << 2)
#define WN_SET_TAGS_ADD		(1U << 3)
#define WN_SET_TAGS_DEL		(1U << 4)
#define WN_SET_USER		(1U << 5)
#define WN_SET_USER_WORD(n)	(WN_SET_USER | (((__u32)(n) & 3) << 8))
#define WN_SET_FLAGS		0x33fU

/*
 * NODE_READ: struct wn_node_rec to offset w[0] (a multiple of 8) of the arena
 * to the client. Result: its bytes. Right: READ. ENXIO: no arena; ENOBUFS: does
 * not fit. Of the capability's own node parent and next read as none.
 */
#define WN_OP_NODE_READ		6

/* LOOKUP: wide: a name. Result: the handle of node's child. Right: READ. ENOENT. */
#define WN_OP_LOOKUP		7

/*
 * QUERY: the nodes below node, itself included, that pass a filter. Wide:
 * struct wn_filter. w[0]: offset in the arena to the client (a multiple of 8)
 * of a struct wn_found and up to w[1] (1 to WN_QUERY_MAX) records; arg: the
 * cursor and w[2] the "until" of the answer before, both 0 to begin with.
 * Result: the number of records, which may be 0 before the end. Right: READ.
 *
 * Nodes come in the order of their indexes. Each that is there from the first
 * call to the last comes exactly once; one that is created after the first call
 * does not come; the filter sees a node as it is when it is visited. For
 * changes since: ask next time for those since this time's until.
 */
#define WN_OP_QUERY		8
#define WN_QUERY_MAX		64

/*
 * Ops on cells. node is the node that the cell hangs on, arg the cell's handle
 * (ESTALE: gone, or on another node). Where an op names bytes from the client,
 * they lie in its arena (ENXIO: none), where one answers with bytes, they go to the
 * arena to the client: an offset (a multiple of 8) in the low 32 bits of w[0], and
 * in the high how many there is room for (ENOBUFS: too few).
 */

/*
 * CELL_CREATE: a new cell of node, without a value. w[0]: its id, the application's
 * name for it (EEXIST: the node has one); op_flags: WN_CELL_NEW(type, flags). Wide,
 * escrow: __u64 window in ns, rights to make each window, most that may lie
 * unspent; the rest zero. Result: the handle. Right: CREATE. ENOSPC: cells.
 */
#define WN_OP_CELL_CREATE	16
#define WN_CELL_NEW(type, flags) ((__u32)(type) | (__u32)(flags) << 8)
#define WN_NODE_CELLS_MAX	64

/* CELL_DESTROY: its handle is gone at once. Right: DESTROY. */
#define WN_OP_CELL_DESTROY	17

/*
 * CELL_UPDATE: op_flags is what to do. Key and value: w[1] is WN_CELL_ITEM(key
 * bytes, value bytes, offset); they lie in the wide slot (64 bytes together at most,
 * offset 0, the rest zero) or, if the op is not wide, one behind the other in the
 * arena from the client. Result: the cell's version. Right: WRITE.
 *
 *   ADD       counters: w[0] more. orset: the key. escrow: w[0] rights are made.
 *             ormap of counters: w[0] more at the key
 *   SUB       pncounter, ormap of counters: w[0] less. escrow: w[0] are spent
 *   SET       lww, mvreg: the value. ormap of lww: the value at the key. ewflag: on
 *   REMOVE    orset, ormap: the key. mvreg: all values. ewflag: off
 *   TRANSFER  escrow: w[0] rights go to the replica w[1]
 *
 * EINVAL: nothing that the type does; ENOENT: no such key; EDQUOT: not so many
 * rights; E2BIG: bytes above WN_CELL_BYTES_MAX, or a sum over 64 bits; ENOSPC:
 * elements of the set or of the domain, slab, rows.
 */
#define WN_OP_CELL_UPDATE	18
#define WN_CELL_ADD		1
#define WN_CELL_SUB		2
#define WN_CELL_SET		3
#define WN_CELL_REMOVE		4
#define WN_CELL_TRANSFER	5
#define WN_CELL_ITEM(key, value, offset) \
	((__u64)(key) | (__u64)(value) << 16 | (__u64)(offset) << 32)

/*
 * CELL_READ: op_flags says what. Right: READ.
 *
 *   REC       struct wn_cell_rec. Result: its bytes
 *   VALUE     lww: the value. Result: its bytes
 *   KEY       w[1] and wide as with an update, of the key: one struct wn_cell_item.
 *             Result: 1. ENOENT
 *   LIST      struct wn_cell_list and items, one for each key (of mvreg, for each
 *             value); w[1]: cursor, 0 to begin with. Result: how many, which may be
 *             0 before the end
 *   VECTOR    what is known of each replica's changes, for CELL_DELTA elsewhere.
 *             Result: its bytes
 *   RIGHTS    escrow, w[0] 0. Result: rights that could be spent here and now
 */
#define WN_OP_CELL_READ		19
#define WN_CELL_READ_REC	0
#define WN_CELL_READ_VALUE	1
#define WN_CELL_READ_KEY	2
#define WN_CELL_READ_LIST	3
#define WN_CELL_READ_VECTOR	4
#define WN_CELL_READ_RIGHTS	5

/*
 * CELL_DELTA: struct wn_cell_told and a delta: what those who know a vector do not.
 * w[1]: cursor, 0 to begin with; w[2]: the vector's offset in the arena from the
 * client in the low 32 bits, its bytes in the high; 0: nothing is known, so the whole
 * state. Result: bytes of the delta. Right: READ.
 *
 * CELL_MERGE: join a delta of a cell of the same type, which lies at the offset
 * in the low 32 bits of w[0] of the arena from the client, bytes in the high (E2BIG:
 * more than WN_DELTA_BYTES_MAX). Result: 0, or 1: more is left, the same again.
 * Deltas may come twice, late or not at all. Rights: WRITE, ADMIN. EAGAIN: changes
 * before these are not known yet; EINVAL: no delta; E2BIG, ENOSPC: a bound; EPROTO: it
 * knows more of this replica than itself, or a stamp is too far in the future.
 */
#define WN_OP_CELL_DELTA	20
#define WN_OP_CELL_MERGE	21

/*
 * Slots: 64-bit words of the client's own page, WN_REGION_SLOTS, that it stores to
 * plainly while they are attached to a cell. Of a counter a slot holds what is added
 * (mod 2^64: a pncounter's may fall); of an escrow what is spent. It may hold anything
 * when it is attached, and must not be zeroed then: only what is added afterwards counts.
 *
 * Where a result is a slot's value it is WN_CQE_VALUE(res, aux), for any 64 bits may come.
 *
 * ATTACH: a slot for the cell arg. Result: its number, below bounds.slots, the lowest
 * that is free. Right: ATTACH. ENXIO: the client has no slot page; EBUSY: it has a slot of
 * this cell; ENOSPC: no slot is free, or no row; EINVAL: not a counter nor an escrow.
 *
 * DETACH: the client's slot of the cell arg is folded into the cell, and free. Result:
 * the value that was taken of it; what is stored later counts nowhere. Of an escrow
 * rights that were not spent return. Right: ATTACH. ENOENT: none; EINVAL. The death of
 * a client does the same for all of its slots, as does the end of a cell.
 *
 * ESCROW_TAKE: w[0] more rights for the client's slot of the escrow arg. Result: the
 * value that its slot may rise to; what is above it is not believed. Right: ATTACH.
 * ENOENT; EDQUOT: not so many rights are here; E2BIG; ENOSPC: rows.
 *
 * ESCROW_GIVE: w[0] unspent rights back. The client counts them as gone before it
 * submits this. Result: as of TAKE. Right: ATTACH. ENOENT; EDQUOT: not so many are unspent.
 *
 * SAMPLE: what the slots of the counter arg hold by now becomes the cell's, so that
 * deltas and digests have it; the sum that readers see stays. (Of an escrow each TAKE and
 * GIVE does that.) Result: the cell's version. With WN_SAMPLE_ALL, of all counters, by a
 * capability over the whole domain (EACCES): node and arg are 0, w[0] is a cursor, 0 to
 * begin with. Result: the next cursor; 0: that was all. Rights: READ, WRITE. EINVAL: no
 * counter. A gcounter's slot that fell below an earlier sample adds nothing before it is
 * above it again.
 */
#define WN_OP_ATTACH		22
#define WN_OP_DETACH		23
#define WN_OP_ESCROW_TAKE	24
#define WN_OP_ESCROW_GIVE	25
#define WN_OP_SAMPLE		26
#define WN_SAMPLE_ALL		(1U << 0)
#define WN_CQE_VALUE(res, aux)	((__u32)(res) | (__u64)(aux) << 32)

/*
 * EMIT: an event (WN_EV_USER) to the reader of node. op_flags: WN_EMIT(priority,
 * bytes of data); w[0]: payload type, 32 bits; arg: trace id; the data is w[1] (8
 * bytes at most), or, wide, the first 24 bytes of the slot; the rest zero. badge is
 * the capability's, hlc the op's. Result: 0. Right: EMIT, and PRIORITY for the upper
 * two. ENOLINK: nobody reads the node's events; ENOBUFS: the reader's backlog is full, or
 * this client's share of it.
 *
 * EMIT with WN_EMIT_AT: at a time, which are the 8 bytes behind the first 24 of the wide
 * slot (EINVAL: 0; not wide); to the reader of then. A promise (see there); result: its
 * handle. ENOLINK and that node is gone come as WN_EV_TIMER with an error to this client.
 *
 * EMIT_CHILDREN: the same to each child of node that has a reader; all of them or
 * none. Result: how many. Not in an atomic group.
 *
 * EMIT_SUBTREE: the same to node and each below it that was there when the op was done and
 * has a reader, soon after, in no order that means anything: each that is there, and below,
 * when it is its turn, once. A promise (see there); result: its handle. Not in an atomic
 * group. Where readers had no room one WN_EV_LOSS of node, with the trace id, tells
 * this client at the end: data is how many, then the handle; else nothing tells of the end. An
 * error comes as with WN_EMIT_AT when node is gone, or the capability no good, on the way.
 *
 * An event is in the receiver's backlog once its op succeeded, and comes to the inbox
 * as far as there is room, in order for each priority. A backlog holds at most half
 * of what is free and its own (wn_kern_ring.credit: how many more), and of one sender, but
 * itself, half of what others left of that; so does a work queue. Events sent to a node before
 * it was destroyed are delivered.
 */
#define WN_OP_EMIT		32
#define WN_EMIT_AT		(1U << 2)	/* EMIT: later */
#define WN_OP_EMIT_CHILDREN	33
#define WN_EMIT(priority, len)	((__u32)(priority) | (__u32)(len) << 8)
#define WN_EMIT_FLAGS		0xff03U
#define WN_OP_EMIT_SUBTREE	34

/*
 * BIND: this client reads node's events from now on. op_flags: WN_BIND_POLICY(p), what
 * its whole backlog does when it is full, the last one holds. Right: READ. EBUSY:
 * another client reads them (with ADMIN it is replaced). When cap is revoked or over nobody
 * reads them any more: what is sent from then on is ENOLINK.
 *
 * UNBIND: nobody reads them. ENOENT: nobody did; EACCES: another does (but ADMIN may).
 *
 * With WN_BIND_QUEUE the node has a work queue: each event goes to one consumer, as
 * WN_EV_LEASE with the node and the stamp (hlc) that name it. op_flags:
 * WN_BIND_CREDIT(n): this client consumes, up to n leases at a time (WN_CREDIT_MAX); 0:
 * it makes the queue only. Who makes it gives w[0]: a lease in ns, WN_LEASE_NS_MAX at
 * most; and, if there shall be a limit, WN_BIND_TRIES(n): redeliveries, and w[1]: the
 * dead-letter node, whose reader gets the event as it was sent when they are used up. (Where
 * that has a queue it is a new event there: to that node, with a stamp and tries of its own, and
 * with WN_EV_F_REDELIVERED from the first.)
 * Who comes later gives the same, or zeroes.
 * EBUSY: the node has a reader, or a queue on other terms, or this client consumes
 * already; ENOSPC: queues, consumers, WN_QUEUES_CLIENT_MAX of this client.
 *
 * UNBIND there: this client consumes no longer, its leases end. ENOENT. With
 * WN_UNBIND_QUEUE: the queue goes. EBUSY: somebody consumes or something is in it.
 *
 * A lease ends with ACK, NACK, its time, or its consumer, who gets none when the capability
 * is revoked or over under which it was bound. Without an ACK the event is the
 * next of its priority again, with WN_EV_F_REDELIVERED and WN_EV_TRIES. The higher
 * priority is first, but each 16th is the lowest that waits. A consumer whose backlog is
 * full is passed over. A queue outlives its consumers. It ends with its node: what is in
 * it goes to the dead-letter node's reader, and without one it is dropped and counted in
 * WN_STAT_DROPPED. Without the dead-letter node there is no limit any more; while nobody
 * reads it, or there is no room, its events wait.
 */
#define WN_OP_BIND		35
#define WN_OP_UNBIND		36
#define WN_POLICY_FAIL		0	/* the sender gets ENOBUFS */
#define WN_POLICY_DROP_OLDEST	1	/* the oldest of the same priority goes; a WN_EV_LOSS tells how many */
#define WN_POLICY_CONFLATE	2	/* a newer event to the same node takes an unread one's place, counted as lost; else ENOBUFS */
#define WN_BIND_POLICY(p)	((__u32)(p))
#define WN_BIND_POLICY_MASK	3U
#define WN_BIND_QUEUE		(1U << 2)
#define WN_BIND_CREDIT(n)	((__u32)(n) << 8)
#define WN_BIND_TRIES(n)	((__u32)(n) << 16)
#define WN_BIND_FLAGS		0xfff07U
#define WN_UNBIND_QUEUE		(1U << 0)
#define WN_CREDIT_MAX		64
#define WN_TRIES_MAX		15
#define WN_LEASE_NS_MAX		(1ULL << 50)
#define WN_QUEUES_CLIENT_MAX	32

/*
 * ACK: the event of node with the stamp arg is done; it is gone for good. NACK: it is
 * not, the lease ends at once. Right: READ. ENOENT: node has no queue; ESTALE: this
 * client has no such lease any more. In a group an ACK is of one piece with its effect.
 */
#define WN_OP_ACK		37
#define WN_OP_NACK		38

/*
 * Promises: TIMER, CALL, MONITOR, EMIT_SUBTREE and an EMIT with WN_EMIT_AT make one. Its
 * handle is their result, and it ends with one event, which is sure to come: it waits for
 * room in the receiver's backlog. Nothing comes twice, and nothing early; late by 66 us and what
 * the engine takes. Times are CLOCK_BOOTTIME in ns; one that is over is now. Bound:
 * wn_bounds.timers for all together; a client may have as many as are left to others
 * (ENOSPC). Promises end without a word when the client that made them dies.
 *
 * An event with WN_EV_F_ERROR tells that it ended otherwise: type is an errno, above
 * zero; data is the handle. A timer and a delayed event need their capability again when
 * they come due: EKEYREVOKED, EKEYEXPIRED; ENOLINK: the node is gone, or outside of it.
 */

/*
 * CALL: an event (WN_EV_CALL) to the reader of node, who owes a reply: to the client
 * that it is now. w[0]: payload type, 32 bits; w[1]: deadline (EINVAL: 0); arg: trace
 * id; op_flags: WN_EMIT(priority, bytes of payload); wide: the payload, 16 bytes at
 * most. In the event data is the call's handle, then the payload. Result: the handle.
 * Right: EMIT, and PRIORITY for the upper two. ENOLINK: nobody reads; EOPNOTSUPP: node has a
 * work queue, which takes no calls; ENOBUFS; ENOSPC.
 *
 * It ends with one WN_EV_REPLY in this client's inbox, of the same node, trace and
 * priority, data as above. With WN_EV_F_ERROR: ETIME: the deadline passed; ECANCELED: it
 * was cancelled; ENOLINK: the callee died or the node is gone.
 *
 * REPLY: arg: the call's handle; w[0], wide: as with CALL; op_flags: WN_EMIT(0, bytes).
 * No capability is needed: to have got the call is the right to answer it, once. ESTALE:
 * that is over, or was never there.
 *
 * CANCEL: arg: handle of a call, timer, delayed event or event to a subtree of this client.
 * Of all but calls nothing comes any more; but what was due already does. ESTALE: it is over.
 */
#define WN_OP_CALL		39
#define WN_OP_REPLY		40
#define WN_OP_CANCEL		41
#define WN_REPLY_FLAGS		0xff00U

/*
 * TIMER: an event (WN_EV_TIMER) with struct wn_timer_told to the reader that node has
 * then, or, WN_TIMER_MINE, to this client. w[0]: deadline (EINVAL: 0); w[1]: period,
 * WN_TIMER_PERIOD_MIN at least, or 0: once; arg: trace id; op_flags: priority in the low
 * two bits. Result: the handle. Rights: READ; EMIT unless MINE; PRIORITY for the upper
 * two. One with a period does not come due again before it was put into the backlog:
 * then it tells how often. It ends with an error to this client, ENOLINK: node is
 * gone, or without MINE, nobody reads it.
 */
#define WN_OP_TIMER		42
#define WN_TIMER_MINE		(1U << 2)
#define WN_TIMER_FLAGS		7U
#define WN_TIMER_PERIOD_MIN	1000000

/*
 * MONITOR: one event (WN_EV_DOWN) to this client when node goes or the client dies that
 * made it (if it lives now), behind all of its priority that came before. op_flags:
 * priority in the low two bits; arg: trace id. type in the event: WN_DOWN_*; data: the
 * handle. Result: the handle. Right: READ, and PRIORITY for the upper two.
 *
 * With WN_MONITOR_LINK: node and w[0] are linked: when one of them goes, the other is
 * destroyed soon after, with all below it; no event comes. Right: DESTROY, too. EBUSY: the
 * root; ELOOP: with itself. It takes two promises. On the death of this client its
 * links still serve for all that goes by WN_DEATH_DESTROY, then end.
 *
 * DEMONITOR: arg: the handle. ESTALE: it is over; the event comes, or has come.
 */
#define WN_OP_MONITOR		43
#define WN_OP_DEMONITOR		44
#define WN_MONITOR_LINK		(1U << 2)
#define WN_MONITOR_FLAGS	7U
#define WN_DOWN_NODE		1
#define WN_DOWN_CLIENT		2

/*
 * SUBSCRIBE: tell this client of changes of node and of all below it, by WN_EV_CHANGE
 * in its inbox with struct wn_change in data. op_flags: what it is told of (EINVAL:
 * nothing), WN_SUB_STATE, WN_SUB_PRIORITY(p) of the events; arg: the trace id that they
 * bear. Result: the subscription's handle. Right: READ, and PRIORITY for the upper two.
 * Not in an atomic group. ENOSPC: subscriptions; a client may hold as many as are left.
 *
 * Each change is told of once, those of one node in their order; several that the
 * reader was too slow for may be told as one. The event names the node, the version
 * that it got and the domain clock (hlc) by then; what became of it is for the reader
 * to look up. A node that goes, or moves out of the subtree, is told by the TREE of its
 * old parent; a node that comes has TREE and FIELDS; one with MOVED brought along what
 * lies below it, of which nothing else is told: query that, and forget what was known
 * of each node found.
 *
 * With WN_SUB_STATE the nodes that are there come first, each once, with WN_CHANGE_STATE;
 * then one event of node itself with WN_CHANGE_LIVE; then what has changed since.
 *
 * Who reads so slowly that the change log is written over gets one WN_EV_RESCAN
 * in place of what is lost: a query for changes since its hlc (with WN_FILTER_CELLS if
 * CELLS is subscribed) finds all of it, and changes after that event are told again.
 * Of a node that the query finds and that is new to the reader, or moved since (see
 * wn_node_rec.moved), what lies below it is to be queried as well.
 *
 * Whether the subscriber may see a node is looked up when the change is told. Where it
 * may see node no more, or that one goes, the last event is one with WN_CHANGE_END.
 * A node can be told of whose parent left before that one was told of.
 *
 * With WN_SUB_AUDIT alone, of the root, under a capability over it with the right ADMIN
 * (else EACCES): what is done by capabilities, by WN_EV_AUDIT with struct wn_audit_event
 * in data. node is the capability's. Who reads too slowly gets a WN_EV_LOSS in place.
 *
 * UNSUBSCRIBE: arg: the handle (ESTALE). Events that are on their way still come.
 */
#define WN_OP_SUBSCRIBE		48
#define WN_OP_UNSUBSCRIBE	49
#define WN_SUB_TREE		(1U << 0)	/* a node came, was renamed, moved; a child came or went */
#define WN_SUB_FIELDS		(1U << 1)	/* type, state, tags, user words */
#define WN_SUB_CELLS		(1U << 2)	/* a cell came, changed, went */
#define WN_SUB_STATE		(1U << 4)	/* first all that is there */
#define WN_SUB_AUDIT		(1U << 5)	/* nothing else: see above */
#define WN_SUB_PRIORITY(p)	(((__u32)(p) & 3) << 8)
#define WN_SUB_FLAGS		0x337U

/*
 * CAP_GRANT: a new capability, below cap, over node and what is below that; it stays
 * with node wherever that goes. arg: into whose table: 0: this client's, else the number
 * of a client + 1 (ENXIO: not there), who is told by WN_EV_CAP where there is an inbox.
 * Wide: struct wn_grant, which can only be less than cap is: EACCES: a right, a
 * badge or a later end that cap does not have. Result: the handle by which those above it
 * name it; aux: its index in the table. Right: GRANT. EDQUOT: capabilities; ENOSPC: the
 * table, no more in a row (16), accounts; or others filled half of the receiver's table;
 * ENOBUFS: the receiver cannot be told.
 *
 * CAP_REVOKE: take back arg, which was granted under cap or under what was; at once, with
 * all that was granted under it: each use is EKEYREVOKED from the completion on. What
 * was had by it is taken back by then: slots attached under it are folded, lanes
 * connected under it end (WN_LANE_S_REVOKED) and show both sides a page that nobody else
 * sees, PUBLIC and ALL_SLOTS read as zeroes for who may not read the whole domain by
 * another. Events sent under it that are not in an inbox yet get WN_EV_F_REVOKED. Nothing
 * that was submitted behind it is done before. Slots, windows and lanes go so, too, when a
 * capability expires. arg 0: give up cap itself. The slots say so until something else is granted into them; what
 * was made under them stays, and stays charged to those above. Right: REVOKE, but not to
 * give up. ESTALE: nothing below cap has that handle. When a client goes, all that it
 * granted is revoked.
 *
 * CAP_READ: struct wn_cap_info of arg, named as above, to offset w[0] (a multiple of
 * 8) of the arena to the client. Result: its bytes. ESTALE; ENXIO: no arena; ENOBUFS.
 */
#define WN_OP_CAP_GRANT		56
#define WN_OP_CAP_REVOKE	57
#define WN_OP_CAP_READ		58

/*
 * Tokens: capabilities that can be written down, sent, and kept: struct wn_token, which
 * the engine has signed with a key of the domain that nobody sees. (In an embedded engine
 * it lies in the process's memory.) Whoever has the bytes has what they say: keep them as
 * a password. Requests and tokens lie in the arena from the client, answers go to the one
 * to the client: w[0]: offset in the low 32 bits, room in the high (ENOBUFS); w[1]: offset
 * (a multiple of 8) of the first, and in the high how many, WN_TOKENS_MAX at most (EINVAL).
 *
 * TOKEN_MAKE: a token for each struct wn_token_ask, below cap: all of them, or none.
 * Result: how many. Right: GRANT. EACCES: a right that
 * cap lacks; ESTALE: the node. A token can be redeemed any number of times until it expires,
 * and as long as cap is there: what comes of it hangs below cap. With WN_TOKEN_FREE it does
 * not need cap any more, nor the client, nor this run of the module: it must expire then
 * (EINVAL), and takes the right ADMIN over the whole domain (EACCES).
 *
 * TOKEN_REDEEM: a capability in this client's table for each token, struct wn_token_got
 * for what came of it: a handle or EBADMSG; EKEYREVOKED: its key or the capability is
 * gone; EKEYEXPIRED; ESTALE: the node; EDQUOT, ENOSPC: as CAP_GRANT. Result: how many are
 * good. No capability is needed.
 *
 * TOKEN_EPOCH: with WN_EPOCH_NEXT tokens are signed by a new key from now on; w[0]: the
 * oldest key that is good (0: as it is; EINVAL: above the newest, or one that is gone):
 * tokens of older ones are EKEYREVOKED. Result: the newest; aux: the oldest that is good.
 * Right: ADMIN, over the whole domain (EACCES). What was redeemed stays.
 */
#define WN_OP_TOKEN_MAKE	59
#define WN_OP_TOKEN_REDEEM	60
#define WN_OP_TOKEN_EPOCH	61
#define WN_TOKENS_MAX		32
#define WN_EPOCH_NEXT		(1U << 0)

/*
 * DIGEST: 256 bits that are the same where the state is: tree, handles, versions,
 * clock, cells, what waits for its time (timers, delayed events, calls); not clients,
 * capabilities, rings, events, subscriptions. node: the root,
 * by a capability over the whole domain (EACCES). The digest goes to the arena: offset
 * and room as with ops on cells, WN_DIGEST_BYTES. Result: 0; or 1: nothing was written,
 * more is to be hashed, the same again. Right: READ. What lies in slots has no part in
 * it before SAMPLE or DETACH. It is only to be compared with those of this release.
 *
 * With WN_DIGEST_MERGE in op_flags the merge digest of node's subtree, by any capability:
 * the same at all replicas that know the same of it. It covers the names of the nodes below
 * and what is in cells, whatever order it came in; not node's own name, types, states, tags,
 * user words. LOCAL nodes have no part in it (EINVAL: node is one).
 */
#define WN_OP_DIGEST		64
#define WN_DIGEST_MERGE		(1U << 0)
#define WN_DIGEST_BYTES		32
#define WN_OP_MAX		255	/* opcodes fit in four words of 64 bits */

/* ------------------------------------------------------------- queries */

#define WN_FILTER_TYPE		(1U << 0)
#define WN_FILTER_STATE		(1U << 1)
#define WN_FILTER_TAGS		(1U << 2)	/* (tags & tags_mask) == tags_value */
#define WN_FILTER_OWNER		(1U << 3)
#define WN_FILTER_SINCE		(1U << 4)	/* hlc > since */
#define WN_FILTER_PREFIX	(1U << 5)	/* of the name */
#define WN_FILTER_CELLS		(1U << 6)	/* with SINCE: or a cell of it changed since */
#define WN_FILTER_FLAGS		0x7fU
#define WN_PREFIX_MAX		15

/* What a node must be; fields without their flag are zero. */
struct wn_filter {
	__u32 flags;		/* WN_FILTER_* */
	__u32 type;
	__u32 state;
	__u32 owner;
	__aligned_u64 tags_mask;
	__aligned_u64 tags_value;
	__aligned_u64 since;
	__u8 prefix[16];	/* NUL-padded, at most WN_PREFIX_MAX bytes */
	__aligned_u64 reserved;	/* 0 */
};

/* The answer; the records follow it. */
struct wn_found {
	__aligned_u64 cursor;	/* for the next call; 0: that was all */
	__aligned_u64 until;	/* domain clock when the query began */
	__u32 count;		/* records that follow */
	__u32 reserved;		/* 0 */
};

/* --------------------------------------------------------------- lanes */

/*
 * A lane: a ring of bytes from one client, the producer, to another, the consumer.
 *
 * A record is struct wn_lane_rec and len bytes, padded to a multiple of 8. Positions
 * count bytes from 0 and do not wrap; a record at a position lies at position &
 * (bytes - 1) of the data, which is mapped twice in a row, so it is never cut in two.
 * With header and padding it has at most as many bytes as the ring.
 *
 * Each side has a page that it alone writes: struct wn_lane_side. The producer writes
 * records and then stores its pos with release: what lies below is there. The consumer
 * loads that with acquire, reads, and stores its own pos with release: what lies below
 * is free. Each holds what the other says against what it knows, with -EPROTO on this
 * lane and nothing else if it cannot be: a pos that went back, is no multiple of 8, or
 * is more than bytes ahead of (the consumer's: beyond) the other; a record that ends
 * above the producer's pos. The bytes of a record may change while they are looked at.
 *
 * To sleep: put WN_LANE_F_SLEEPS and a new count into the own flags, have a full barrier
 * come about in all processes (membarrier, GLOBAL_EXPEDITED, for which each registers),
 * look again, sleep. Who has stored its pos looks at the other's flags, behind a
 * compiler barrier, or behind a full fence if it could not be registered, which
 * WN_LANE_F_FENCES tells; and wakes, once for each count.
 */
#define WN_LANE_BYTES_MIN	4096U		/* or one page; a power of two */
#define WN_LANE_BYTES_MAX	(64U << 20)

struct wn_lane_rec {
	__u32 len;		/* of the bytes that follow */
	__u16 type;		/* the application's */
	__u16 flags;		/* WN_LANE_REC_* */
} __attribute__((aligned(8)));

#define WN_LANE_REC_VOID	(1U << 0)	/* nothing: step over it */

/* Written by its side alone, read by the other. */
struct wn_lane_side {
	__aligned_u64 pos;	/* release */
	__aligned_u64 pad0[7];
	__u32 flags;		/* WN_LANE_F_* */
	__u32 bell;		/* grows before the other is woken; where no module is: a futex */
	__u32 pad1[14];
};

#define WN_LANE_F_SLEEPS	(1U << 0)	/* wake me once for this count */
#define WN_LANE_F_FENCES	(1U << 1)	/* I fence after storing pos */
#define WN_LANE_F_CLOSED	(1U << 2)	/* I shall not store pos again */
#define WN_LANE_F_COUNT		(1U << 4)	/* one more sleep: bits 4 to 31 */

/* Written by the engine alone, read by both. */
struct wn_lane_state {
	__u32 flags;		/* WN_LANE_S_* */
	__u32 lane;		/* its number in the domain; constant, as all below */
	__aligned_u64 bytes;	/* of the ring */
	__u32 producer;		/* numbers of clients */
	__u32 consumer;
	__aligned_u64 pad[5];	/* 0 */
};

#define WN_LANE_S_ACCEPTED	(1U << 0)	/* the consumer has it */
#define WN_LANE_S_PRODUCER_GONE	(1U << 1)	/* closed, or dead: nothing new comes */
#define WN_LANE_S_CONSUMER_GONE	(1U << 2)	/* closed, or dead: nobody reads */
#define WN_LANE_S_REVOKED	(1U << 3)	/* the right to it was taken back from both */

/*
 * Loans: what two programs may agree to use a lane for in place of records. The ring is
 * that many buffers of one size, a power of two. Positions count 8 for each buffer: the
 * producer's those that were lent, the consumer's those that were given back. The n-th
 * loan is entry n % WN_LOANS_MAX of an array of struct wn_loan in the producer's page,
 * the n-th return entry n % WN_LOANS_MAX of an array of __u32, numbers of buffers, in
 * the consumer's, both from WN_LOANS_OFFSET on. All else is as with records.
 */
#define WN_LOANS_MAX		128U
#define WN_LOANS_OFFSET		128U	/* behind struct wn_lane_side */

struct wn_loan {
	__u32 buffer;		/* which one of them */
	__u32 len;		/* of what is in it, from its beginning */
	__u32 type;		/* the application's */
	__u32 reserved;		/* 0 */
};

/*
 * Fans: lanes of many consumers, each with a seat, which is a page with its struct
 * wn_lane_side. seats says which are taken; life grows before a seat's bit is set.
 *
 * The producer keeps a floor: the position of the oldest record that is there whole.
 * Before it overwrites a record it stores a floor behind it and has a full fence; then
 * it looks at seats and, where the slowest holds it back, at their positions, and
 * overwrites nothing that one of them may still read. Who joins is put where the floor,
 * or the producer, is; its bit is set, and behind a full fence the floor is looked at
 * again, so that one of both sees the other.
 *
 * Where a slow consumer loses, each record begins with its number in 8 bytes. A consumer
 * copies a record and then loads the floor: if that is behind the record, the copy may
 * be of another. It goes on at the floor; the next number says how many it lost.
 */
#define WN_FAN_SEATS		64U
#define WN_FAN_OFFSET		128U	/* behind struct wn_lane_state, and struct wn_lane_side */

/* Written by the engine alone. */
struct wn_fan_state {
	__aligned_u64 seats;	/* a bit for each that is taken */
	__u32 nr;		/* of them; constant, as the next */
	__u32 flags;		/* WN_FAN_HOLDS */
	__aligned_u64 pad[6];	/* 0 */
	__u32 life[WN_FAN_SEATS];
};

/* The producer's. */
struct wn_fan_side {
	__aligned_u64 floor;
	__aligned_u64 next;	/* number of the record that its pos is before */
	__aligned_u64 check;	/* pos + next * WN_FAN_CHECK, or they are being changed */
	__aligned_u64 pad[5];
};

#define WN_FAN_CHECK		0x9e3779b97f4a7c15ULL

/* -------------------------------------------------------------- rights */

#define WN_RIGHT_READ		(1U << 0)	/* read nodes and cells; domain-wide: map public state */
#define WN_RIGHT_EMIT		(1U << 1)	/* send events */
#define WN_RIGHT_PRIORITY	(1U << 2)	/* send with the upper two priorities */
#define WN_RIGHT_WRITE		(1U << 3)	/* change nodes and cells */
#define WN_RIGHT_CREATE		(1U << 4)	/* create nodes and cells */
#define WN_RIGHT_DESTROY	(1U << 5)	/* destroy them */
#define WN_RIGHT_GRANT		(1U << 6)	/* hand capabilities on */
#define WN_RIGHT_REVOKE		(1U << 7)	/* take back what was handed on */
#define WN_RIGHT_ATTACH		(1U << 8)	/* attach counters and escrow to the slot page */
#define WN_RIGHT_ADMIN		(1U << 9)	/* policies, audit, other clients */
#define WN_RIGHT_ALL		0x3ffU

/* What a new domain lets its openers do. */
#define WN_CLASS_DEFAULT_OWNER	WN_RIGHT_ALL
#define WN_CLASS_DEFAULT_GROUP	(WN_RIGHT_ALL & ~(WN_RIGHT_ADMIN | WN_RIGHT_PRIORITY))
#define WN_CLASS_DEFAULT_OTHER	(WN_RIGHT_READ | WN_RIGHT_EMIT)

/* What is granted. */
struct wn_grant {
	__aligned_u64 expires;	/* boottime in ns; 0: as the one above */
	__aligned_u64 badge;	/* 0: as the one above; which another can have only if that is 0 */
	__u32 rights;		/* WN_RIGHT_*, at least one */
	__u32 nodes;		/* quotas; 0: none but those above. Nodes that are there at a time */
	__u32 cells;		/* cells */
	__u32 caps;		/* capabilities granted under it */
	__aligned_u64 bytes;	/* of those cells: 128 an element, values above 64 in blocks of 64 */
	__aligned_u64 reserved[3]; /* 0 */
};

/* What a token shall be good for. */
struct wn_token_ask {
	__aligned_u64 node;	/* handle; 0: the capability's own */
	__aligned_u64 expires;	/* realtime in ns; 0: as the capability, by then */
	__u32 rights;		/* WN_RIGHT_*, at least one */
	__u32 flags;		/* WN_TOKEN_FREE */
	__aligned_u64 reserved;	/* 0 */
};

#define WN_TOKEN_FREE		(1U << 31)

/* Not a byte of it may be changed. */
struct wn_token {
	__aligned_u64 cap;	/* handle of the capability that it was made under */
	__aligned_u64 node;
	__aligned_u64 expires;	/* realtime in ns; 0: never */
	__u32 rights;		/* WN_RIGHT_*, WN_TOKEN_FREE */
	__u32 epoch;		/* of the key */
	__u8 tag[32];		/* keyed BLAKE2s of what comes before it */
};

/* What came of one. */
struct wn_token_got {
	__s64 res;		/* a handle, or -errno */
	__u32 index;		/* in this client's table */
	__u32 rights;
};

/* WN_IOC_CAP_EXPORT. */
struct wn_cap_export {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__aligned_u64 node;	/* in: handle; 0: the capability's own */
	__u32 cap;		/* in: index of the capability that it is granted under */
	__u32 uses;		/* in: 1 at least */
	__s32 fd;		/* out: O_CLOEXEC */
	__u32 reserved;		/* 0 */
	struct wn_grant grant;	/* in */
};

/* WN_IOC_CAP_REDEEM. */
struct wn_cap_redeem {
	__u32 size;
	__u32 flags;		/* in: 0 */
	__s32 fd;		/* in */
	__u32 index;		/* out: where it is in this client's table */
	__aligned_u64 handle;	/* out: as of CAP_GRANT */
	__aligned_u64 reserved;	/* 0 */
};

/* What lies in the data of WN_EV_AUDIT. */
struct wn_audit_event {
	__aligned_u64 handle;	/* of the capability; 0: there was none */
	__u16 what;		/* WN_AUDIT_* */
	__u16 error;		/* of a use that was refused: the errno, above zero */
	__u32 client;		/* in whose table it is */
	__u32 index;		/* and where */
	__u32 reserved;		/* 0 */
};

#define WN_AUDIT_GRANTED	1
#define WN_AUDIT_REFUSED	2	/* none there, a right missing, revoked */
#define WN_AUDIT_EXPIRED	3
#define WN_AUDIT_REVOKED	4	/* it is freed; it was of no use before */

#define WN_QUOTA_KINDS		4	/* nodes, cells, bytes, capabilities */

/* The answer to CAP_READ. */
struct wn_cap_info {
	__aligned_u64 handle;
	__aligned_u64 node;
	__aligned_u64 expires;
	__aligned_u64 badge;
	__u32 rights;
	__u32 depth;		/* grants that led to it; 0: the client was opened with it */
	__u32 quota[WN_QUOTA_KINDS];	/* its own; all 0 if it has none */
	__u32 used[WN_QUOTA_KINDS];
};

/* --------------------------------------------------- cell types, tiers */

#define WN_CELL_GCOUNTER	1	/* grows only */
#define WN_CELL_PNCOUNTER	2	/* grows and shrinks */
#define WN_CELL_LWW		3	/* last writer wins, by (HLC, replica) */
#define WN_CELL_ORSET		4	/* add wins over a concurrent remove */
#define WN_CELL_ESCROW		5	/* never below zero, spent in slots */
#define WN_CELL_MVREG		6	/* keeps concurrent values */
#define WN_CELL_EWFLAG		7	/* enable wins */
#define WN_CELL_ORMAP		8	/* keys to lww or pncounter values */

#define WN_CELL_F_COUNTS	1	/* of an ormap: its values are pncounters, not lww */

#define WN_CELL_BYTES_MAX	1024	/* of a value; of an element's key and value together */
#define WN_DELTA_BYTES_MAX	8192	/* of what one op merges */
#define WN_CELL_INLINE		64	/* bytes of an lww value that lie in its record */

#define WN_TIER_LOCAL		0	/* stays on this host */
#define WN_TIER_EVENTUAL	1	/* cell deltas leave the host and merge */
#define WN_TIER_STRONG		2	/* applied in the cluster's total order only */

/* -------------------------------------------------------- public state */

#define WN_PUBLIC_MAGIC		0x45444f4e4b524f57ULL	/* "WORKNODE" in memory */

/* A table in the public region: count records of stride bytes at offset. */
struct wn_area {
	__aligned_u64 offset;	/* from the start of the region; 0: not there */
	__u32 stride;
	__u32 count;
};

#define WN_AREA_NODES		0	/* struct wn_node_rec, by index */
#define WN_AREA_CELLS		1
#define WN_AREA_ELEMS		2
#define WN_AREA_NAMES		3	/* struct wn_name_bucket, a power of two of them */
#define WN_AREA_SLAB		4
#define WN_AREA_SLOTS		5	/* struct wn_slot_line: stride bytes of them for each client */
#define WN_AREAS		8

/*
 * How to read a record that begins with seq while the engine may change it:
 *
 *   1. load seq, acquire. Odd: it is being written, begin again.
 *   2. load the words that are wanted, each once, each with acquire.
 *   3. load seq, relaxed. Not the same as in 1: begin again.
 *
 * It needs no fence: step 2's acquires keep step 3 behind them, and on the
 * writer's side every word is stored with release behind the odd seq. After 64
 * tries use WN_OP_NODE_READ. Then hold the record's handle against the one that
 * is wanted: the index may have gone to another node.
 *
 * What was read of several records fits together only if wn_public.epoch was
 * even and the same before and after. It is odd while a change is written out.
 */

/* A node. Three cache lines; the second of them is for those who list children. */
struct wn_node_rec {
	__u32 seq;		/* odd: being written */
	__u32 flags;		/* 0 */
	__aligned_u64 handle;	/* 0: no node lies here */
	__aligned_u64 parent;	/* handle; 0: the root */
	__aligned_u64 version;	/* 1 when created, grows with each change of the record */
	__aligned_u64 hlc;	/* domain clock of the last change */
	__u32 type;		/* the application's, as all down to user */
	__u32 state;
	__aligned_u64 tags;
	__u32 owner;		/* number of the client that created it */
	__u16 nr_children;
	__u8 tier;		/* WN_TIER_* */
	__u8 reserved0;		/* 0 */

	__aligned_u64 user[4];
	__u32 first_child;	/* index, WN_HANDLE_INDEX_MASK: none; as the two below */
	__u32 next;		/* older sibling */
	__u32 first_cell;
	__u32 nr_cells;
	__aligned_u64 created;	/* domain clock */
	__aligned_u64 moved;	/* domain clock when it last moved, and all below with it; 0: never */

	__u8 name[WN_NAME_BYTES]; /* NUL-padded */
};

/*
 * A cell. The elements of sets and the like are read by WN_OP_CELL_READ.
 *
 * With slots attached, value is only a part of the truth. Of a counter: value plus the
 * words of all slots of the cell, mod 2^64. Of an escrow: value less these words; what
 * comes out below zero is 0. A list leads through the slots: struct wn_cell_slots in
 * bytes has the first, the next of each lies in WN_AREA_SLOTS. A slot is named
 * (client << 16 | number) + 1; 0 ends the list, as does the bound on clients, of which
 * each has one slot at most of a cell. Its word lies in WN_REGION_ALL_SLOTS, 8 * number
 * bytes into the client's page. All of it is read between the two looks at seq, each
 * word with acquire, after holding names against the areas' counts: they may be torn.
 * A client that has stored to a slot of its own fences before it sums: else it may see
 * an add that the engine, which detaches the slot at that moment, does not.
 */
struct wn_cell_rec {
	__u32 seq;		/* odd: being written */
	__u8 type;		/* WN_CELL_* */
	__u8 flags;		/* WN_CELL_F_* */
	__u16 len;		/* lww: bytes of the value; more than WN_CELL_INLINE: read the rest by an op */
	__aligned_u64 handle;	/* 0: no cell lies here */
	__aligned_u64 node;	/* handle it hangs on; hold that against the node's, too */
	__aligned_u64 version;	/* 1 when created, grows with each change */
	__aligned_u64 hlc;	/* domain clock of the last change */
	__aligned_u64 id;	/* the application's, unique on the node */
	__aligned_u64 value;	/* counters: the sum; escrow: what is left, below zero: 0 (slots: above); lww: stamp; else: keys */
	__u32 next;		/* index of the node's next cell, WN_HANDLE_INDEX_MASK: none */
	__u32 nr_slots;		/* that are attached */

	__u8 bytes[WN_CELL_INLINE]; /* lww: the value, NUL-padded */
};

/* In bytes of a counter or an escrow. */
struct wn_cell_slots {
	__u32 first;		/* its slots' list; 0: none */
	__u32 reserved[15];	/* 0 */
};

/* The list's links of 16 slots of one client, by number. */
#define WN_SLOT_LINE		16

struct wn_slot_line {
	__u32 next[WN_SLOT_LINE];
};

/* A key and its value, in answers; key and value follow, padded to 8 bytes. */
struct wn_cell_item {
	__u16 key_len;
	__u16 val_len;
	__u32 reserved;		/* 0 */
	__aligned_u64 value;	/* ormap of counters: the sum; of lww: the stamp; else 0 */
};

/* The answer to a list; items follow it. */
struct wn_cell_list {
	__aligned_u64 cursor;	/* for the next call; 0: that was all */
	__u32 count;		/* items that follow */
	__u32 bytes;		/* of all, this included */
};

/* The answer to CELL_DELTA; the delta follows it. */
struct wn_cell_told {
	__aligned_u64 cursor;	/* for the next call; 0: that was all */
	__u32 bytes;		/* of the delta */
	__u32 reserved;		/* 0 */
};

/*
 * The name index: a child's index by its parent's handle and its name.
 *
 * The hash is SipHash-1-3 (one round a word, three at the end) under
 * wn_public.name_key, of these 64-bit words: the parent's handle; the name as
 * (length + 7) / 8 little-endian words, NUL-padded. (No length word follows.)
 *
 * A name lies in the bucket hash & (count - 1), nowhere else; when that is full
 * a create fails with ENOSPC. An entry is, with b = wn_public.name_bits,
 * (hash >> 32) << b (what is shifted out is lost) | index + 1; the first that is
 * 0 ends the bucket. Entries may change places. Load each with acquire; one that
 * fits says where to look, and the record there says whether it is the one:
 * parent and name. So a look-up touches three cache lines: the bucket, the
 * record's first and its name's. That there is no such name is certain only
 * under one even epoch, as above.
 */
#define WN_NAME_ENTRIES		16

struct wn_name_bucket {
	__u32 entries[WN_NAME_ENTRIES];
};

/* Counters of a domain, indexes of wn_public.stats; they only grow. */
#define WN_STAT_SUBMITTED	0	/* entries taken */
#define WN_STAT_COMPLETED	1	/* completions published */
#define WN_STAT_REFUSED		2	/* of them with an error */
#define WN_STAT_TURNS		3	/* turns of the engine */
#define WN_STAT_WAKEUPS		4	/* sleepers woken */
#define WN_STAT_CLIENTS		5	/* clients set up, ever */
#define WN_STAT_DEATHS		6	/* clients dead, ever */
#define WN_STAT_CAP_GRANTED	7	/* capabilities granted */
#define WN_STAT_CAP_REFUSED	8	/* uses refused, for whatever reason */
#define WN_STAT_CAP_EXPIRED	9	/* of them: expired */
#define WN_STAT_CAP_REVOKED	10	/* capabilities freed by revocation */
#define WN_STAT_DROPPED		11	/* jobs of queues whose node was destroyed */
#define WN_STAT_TOKEN_MADE	12	/* tokens made */
#define WN_STAT_TOKEN_REDEEMED	13	/* tokens redeemed */
#define WN_STAT_TOKEN_REFUSED	14	/* tokens refused, for whatever reason */
#define WN_STATS		32

/* Start of the public region. Constant unless said otherwise. */
struct wn_public {
	__aligned_u64 magic;	/* WN_PUBLIC_MAGIC */
	__u32 layout;		/* WN_LAYOUT_VERSION it was made with */
	__u32 header_bytes;	/* of this struct */
	__aligned_u64 bytes;	/* of the region */
	__aligned_u64 domain;	/* the domain's id */
	__aligned_u64 root;	/* handle */
	__aligned_u64 name_key[2]; /* of the name index */
	__u32 name_bits;	/* of the name index */
	__u32 reserved;		/* 0 */
	__aligned_u64 epoch;	/* changes: grows by 2 with every applied change; odd: on the way */
	__aligned_u64 hlc;	/* changes: the domain's clock, last stamp given */
	__aligned_u64 pad0[6];
	struct wn_area areas[WN_AREAS];
	__aligned_u64 stats[WN_STATS]; /* change: WN_STAT_* */
};

#endif /* _UAPI_LINUX_WORKNODE_H */
