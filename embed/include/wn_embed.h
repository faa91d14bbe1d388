/* SPDX-License-Identifier: MIT */
/*
 * libwn-embed: domains without the module, in the memory of one process. The
 * engine is the module's own (kmod/core), the rings, results and errors are the
 * same; clients are threads of this process, or of others that it hosts. A domain
 * lives as long as the process.
 *
 *	wn_embed_init(0);
 *	wn_domain_create("embed:board", 0600, NULL);
 *	wn_open(&wn, "embed:board", NULL);
 *
 * What the module does and this cannot: outlive the process, keep a wild pointer of
 * this process away from the engine's own memory (what clients may not write is mapped
 * read-only for them all the same).
 *
 * Fork: a child has none of the domains, nor of the clients (-EOWNERDEAD); it can
 * make its own.
 */
#ifndef WN_EMBED_H
#define WN_EMBED_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Clients see the engine's own mapping, not one of their own: for sanitizers, which
 * know memory by its address. Nothing is read-only then.
 */
#define WN_EMBED_FLAT	(1U << 0)

/*
 * From now on paths that begin with "embed:" are for the engine in this process.
 * The first call's flags count; later calls change nothing. 0; -EINVAL: unknown
 * flags; -EEXIST: another library took the scheme; -ENOMEM. Any thread.
 */
int wn_embed_init(unsigned int flags);

/*
 * A host: other processes reach domains of this one over a unix socket, as
 * host:SOCKET/NAME, after a wn_embed_init() of their own. They map the same pages with
 * the same rights as the module's clients: sealed memory, read-only but for their own
 * part. A submission costs a message there and back, a wait none; a client ends when its
 * process does. Who may connect is said by the socket's directory and mode; all who do
 * are the owner of each domain, which they may make and remove.
 *
 * bytes: what domains that others make take together at most (-ENOSPC); 0: 1 GB. In this
 * process they are embed:SOCKET/NAME. flags: 0.
 *
 * What the module does and a host cannot: take a mapping back from a client that is
 * gone, but left a process behind that kept it: that one could still write to the slot
 * page of the next client with the same number. And processes of the same user, who can
 * trace each other, can open each other's slot pages.
 *
 * 0; -EINVAL; -ENAMETOOLONG; -EADDRINUSE; -ENOMEM; others as of socket(2), bind(2). Any
 * thread; wn_host_stop() ends all connections, and its clients see -ESHUTDOWN.
 */
struct wn_host;

int wn_host_start(struct wn_host **host, const char *socket, unsigned int flags,
		  unsigned long long bytes);
void wn_host_stop(struct wn_host *host);

#ifdef __cplusplus
}
#endif

#endif
