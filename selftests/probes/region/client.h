/* SPDX-License-Identifier: MIT */
/* The probe module's calls, and small helpers that several tests use. */
#ifndef WN_PROBE_CLIENT_H
#define WN_PROBE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "probe.h"

#define PAGE	4096UL

enum device { BY_INODE, BY_WINDOW };

struct client {
	int fd;
	unsigned int base;
};

extern const char *const backing_name[];
extern const char *const insert_name[];

struct client client_open(enum device dev);
int client_make(struct client *c, unsigned int backing, unsigned int npages, struct probe_make *m);
void client_join(struct client *c, const struct client *peer);
void client_view(struct client *c, unsigned int insert, unsigned int flags);
void *client_map(struct client *c, unsigned int first, unsigned int count, int prot);
void client_close(struct client *c);

/* Open, make or join (peer NULL: make), view; the most usual beginning. */
struct client client_maker(enum device dev, unsigned int backing, unsigned int npages,
			   unsigned int insert, unsigned int flags);
struct client client_joiner(enum device dev, const struct client *peer, unsigned int insert,
			    unsigned int flags);

struct probe_revoke client_revoke(const struct client *c, unsigned int first, unsigned int count);
int client_take(struct client *c, unsigned int first, unsigned int count, unsigned int policy,
		uint64_t *ns);
uint64_t client_peek(struct client *c, unsigned int index, unsigned int *refs);
void client_poke(struct client *c, unsigned int index, uint64_t value);

uint64_t now_ns(void);
uint64_t median(uint64_t *v, size_t n);
const char *err_name(int err);	/* 0: "ok" */

/* A number behind "KEY" in a text file such as smaps or memory.stat; sums. */
uint64_t file_number(const char *path, const char *key);
bool file_write(const char *path, const char *text);

#endif
