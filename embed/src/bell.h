/* SPDX-License-Identifier: MIT */
/*
 * Eventfds, rung as the kernel rings them: whatever their owner did to them, it takes no
 * time. (write(2) would wait for room, and whose they are says whether it may.)
 */
#ifndef WN_EMBED_BELL_H
#define WN_EMBED_BELL_H

/* A descriptor of our own of the eventfd fd; -EBADF, -EINVAL: it is none; -ENOTTY: no way to ring. */
int wn_embed_bell_get(int fd);
void wn_embed_bell_ring(int bell);

#endif
