/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's glue, from the outside in:
 *
 *   main      init, exit, module parameters
 *   fs        worknodefs: mounts, inodes, names
 *   control   the file that makes domains
 *   class     owner, group and others of a domain: what each may do
 *   features  what this module can do, by name and by bit
 *   mount     a mount's options
 *   domain    one isolated world: its memory, its core, its clients
 *   recording what the domain's engine was told, in two halves, and its way out
 *   client    one open of a domain
 *   setup     a client's way from new to enabled: rings, restrictions, owner
 *   owner     the process whose end is the client's
 *   lane      rings between two clients: memory, windows, numbers; lane_connect,
 *             lane_wait, lane_end, lane_revoke, lane_list: what becomes of them
 *   handover  a grant to be made, as a file
 *   revoke    what a client had mapped by a right goes with the right
 *   region    which page is where in a client's address space; faults
 *   engine    runs the core for a client: the only writer of shared state
 *   poller    a thread that runs the engine while clients submit
 *   wait      WN_IOC_ENTER and poll
 *   epoch     waiting for a change of a domain or a node
 *   eventfd   eventfds that a client wants told
 *   trace     tracepoints
 *   debugfs   dumps for whoever looks for a fault; dump: what they show
 *   pages     memory: charged, zeroed, mapped for the kernel
 *   charge    caps of a user, a mount and the module
 *   uarg      structs of ioctls that grow at their end
 *
 * The meaning of it all is in core/, which knows none of these.
 *
 * Lock order, outermost first. No lock is held across a copy from or to user
 * space, but client->setup and recording->lock, which no fault takes.
 *
 *   inode lock of the mount's root	fs: names
 *   inode lock of a domain's file		class: its table
 *     recording->lock			recording: one takes out at a time
 *     client->setup			client: one setup, restrict or enable at a time
 *       poller->lock			poller: one start or stop at a time
 *       domain->lock			the engine: core, table of clients
 *         lane->lock			lane: its ends, and who sleeps there
 *         client->eventfds.lock	eventfd: which there are
 *       mmap_lock			the kernel's
 *         client->windows		region: which pages a fault may give
 *           domain->slots.lock	region: whose slot page is where
 *           wn_charge_lock		charge: all sums
 */
#ifndef WN_MAIN_H
#define WN_MAIN_H

#undef pr_fmt
#define pr_fmt(fmt)	"worknode: " fmt

#endif
