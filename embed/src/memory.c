// SPDX-License-Identifier: MIT
#include "memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static bool flat;

void wn_embed_memory_flat(void)
{
	flat = true;
}

u64 wn_embed_memory_cost(u64 bytes)
{
	const u64 page = (u64)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* A forked child sees nothing of it: neither the engine's memory nor the rings. */
static bool keep_private(void *at, u64 bytes)
{
	if (madvise(at, bytes, MADV_DONTFORK)) {
		munmap(at, bytes);
		return false;
	}
	/* Private state and rings are no business of a core dump's reader; no harm if not. */
	(void)madvise(at, bytes, MADV_DONTDUMP);
	return true;
}

static void *map(int fd, u64 offset, u64 bytes, int prot)
{
	const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *at = mmap64(NULL, bytes, prot, flags, fd, (off64_t)offset);

	return at != MAP_FAILED && keep_private(at, bytes) ? at : NULL;
}

static int prot_of(bool writable)
{
	return writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

void *wn_embed_map(int fd, u64 offset, u64 bytes, bool writable)
{
	return map(fd, offset, bytes, prot_of(writable));
}

void *wn_embed_map_row(u64 bytes, u32 count)
{
	return map(-1, 0, bytes * count, PROT_NONE);
}

bool wn_embed_map_part(void *at, int fd, u64 offset, u64 bytes, bool writable)
{
	if (mmap64(at, bytes, prot_of(writable), MAP_SHARED | MAP_FIXED, fd, (off64_t)offset) ==
	    MAP_FAILED)
		return false;
	return keep_private(at, bytes);
}

bool wn_embed_map_at(void *at, int fd, u64 bytes, bool writable)
{
	return wn_embed_map_part(at, fd, 0, bytes, writable);
}

/* A file of so many bytes, which stay so many. */
int wn_embed_memory_file(u64 bytes)
{
	int fd = memfd_create("worknode", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int alloc_shared(struct wn_embed_memory *m)
{
	const int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK;

	m->fd = wn_embed_memory_file(m->bytes);
	if (m->fd < 0)
		return -ENOMEM;
	/* Ours stays writable; whoever maps after the seal reads, whatever he asks for. */
	m->addr = map(m->fd, 0, m->bytes, PROT_READ | PROT_WRITE);
	if (!m->addr)
		return -ENOMEM;
	if (fcntl(m->fd, F_ADD_SEALS, m->writable ? seals : seals | F_SEAL_FUTURE_WRITE))
		return -ENOMEM;
	return 0;
}

int wn_embed_memory_alloc(struct wn_embed_memory *m, u64 bytes, bool shared, bool writable)
{
	int err = 0;

	*m = (struct wn_embed_memory){
		.bytes = wn_embed_memory_cost(bytes), .fd = -1, .writable = writable,
	};
	if (shared && !flat)
		err = alloc_shared(m);
	else
		m->addr = map(-1, 0, m->bytes, PROT_READ | PROT_WRITE);
	if (!m->addr)
		err = -ENOMEM;
	if (err)
		wn_embed_memory_free(m);
	return err;
}

int wn_embed_memory_alloc_file(struct wn_embed_memory *m, u64 bytes, bool writable)
{
	int err;

	*m = (struct wn_embed_memory){
		.bytes = wn_embed_memory_cost(bytes), .fd = -1, .writable = writable,
	};
	err = alloc_shared(m);
	if (err)
		wn_embed_memory_free(m);
	return err;
}

static int add_piece(struct wn_embed_memory *m, u32 i)
{
	const int fd = wn_embed_memory_file(m->piece);

	m->fds[i] = fd;
	if (fd < 0 || fchmod(fd, 0) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK) ||
	    !wn_embed_map_at((u8 *)m->addr + i * m->piece, fd, m->piece, true))
		return -ENOMEM;
	return 0;
}

int wn_embed_memory_alloc_pieces(struct wn_embed_memory *m, u64 bytes, u32 count)
{
	int err = 0;
	u32 i;

	*m = (struct wn_embed_memory){
		.bytes = bytes * count, .piece = bytes, .fd = -1, .writable = true,
	};
	m->addr = wn_embed_map_row(bytes, count);
	m->fds = malloc(count * sizeof(*m->fds));
	for (i = 0; m->fds && i < count; i++)
		m->fds[i] = -1;
	if (!m->addr || !m->fds)
		err = -ENOMEM;
	for (i = 0; !err && i < count; i++)
		err = add_piece(m, i);
	if (err)
		wn_embed_memory_free(m);
	return err;
}

void wn_embed_memory_free(struct wn_embed_memory *m)
{
	u64 i;

	if (m->addr && !m->part)
		munmap(m->addr, m->bytes);
	if (m->bytes && m->fd >= 0 && !m->part)
		close(m->fd);
	for (i = 0; m->fds && !m->part && i < m->bytes / m->piece; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	if (!m->part)
		free(m->fds);
	*m = (struct wn_embed_memory){ .fd = -1 };
}

struct wn_embed_memory wn_embed_memory_part(const struct wn_embed_memory *m, u64 offset, u64 bytes,
					    bool writable)
{
	struct wn_embed_memory part = {
		.addr = (u8 *)m->addr + offset, .bytes = bytes, .fd = m->fd,
		.writable = writable, .part = true, .offset = offset,
	};

	if (m->fds && bytes == m->piece) {
		part.fd = m->fds[offset / m->piece];
		part.offset = 0;
	} else if (m->fds) {
		part.fds = m->fds;
		part.piece = m->piece;
	}
	return part;
}

static void *view_of_pieces(const struct wn_embed_memory *m)
{
	const u32 count = (u32)(m->bytes / m->piece);
	u8 *at = wn_embed_map_row(m->piece, count);
	u32 i;

	for (i = 0; at && i < count; i++)
		if (!wn_embed_map_at(at + i * m->piece, m->fds[i], m->piece, m->writable)) {
			munmap(at, m->bytes);
			return NULL;
		}
	return at;
}

void *wn_embed_memory_view(const struct wn_embed_memory *m)
{
	if (m->fds)
		return view_of_pieces(m);
	if (m->fd < 0)
		return m->addr;
	return wn_embed_map(m->fd, m->offset, m->bytes, m->writable);
}

void wn_embed_memory_unview(const struct wn_embed_memory *m, void *view)
{
	if (view != m->addr)
		munmap(view, m->bytes);
}
