/* SPDX-License-Identifier: MIT */
/*
 * libwn-embed: domains without the module, in the memory of one process. The
 * engine is the module's own (kmod/core), the rings, results and errors are the
 * same; clients are threads of this process. A domain lives as long as the process.
 *
 *	wn_embed_init(0);
 *	wn_domain_create("embed:board", 0600, NULL);
 *	wn_open(&wn, "embed:board", NULL);
 *
 * What the module does and this cannot: let other processes in, outlive the
 * process, keep a wild pointer of this process away from the engine's own memory
 * (what clients may not write is mapped read-only for them all the same).
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

#ifdef __cplusplus
}
#endif

#endif
