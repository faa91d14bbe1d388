// SPDX-License-Identifier: MIT
#include "memory.h"

#include <fcntl.h>
#include <sys/mman.h>
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
static void *map(int fd, u64 offset, u64 bytes, int prot)
{
	const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *at = mmap64(NULL, bytes, prot, flags, fd, (off64_t)offset);

	if (at == MAP_FAILED)
		return NULL;
	if (madvise(at, bytes, MADV_DONTFORK)) {
		munmap(at, bytes);
		return NULL;
	}
	/* Private state and rings are no business of a core dump's reader; no harm if not. */
	(void)madvise(at, bytes, MADV_DONTDUMP);
	return at;
}

static int alloc_shared(struct wn_embed_memory *m)
{
	const int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK;

	m->fd = memfd_create("worknode", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0)
		return -ENOMEM;
	if (ftruncate(m->fd, (off_t)m->bytes))
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

void wn_embed_memory_free(struct wn_embed_memory *m)
{
	if (m->addr && !m->part)
		munmap(m->addr, m->bytes);
	if (m->bytes && m->fd >= 0 && !m->part)
		close(m->fd);
	*m = (struct wn_embed_memory){ .fd = -1 };
}

struct wn_embed_memory wn_embed_memory_part(const struct wn_embed_memory *m, u64 offset, u64 bytes,
					    bool writable)
{
	return (struct wn_embed_memory){
		.addr = (u8 *)m->addr + offset, .bytes = bytes, .fd = m->fd,
		.writable = writable, .part = true, .offset = offset,
	};
}

void *wn_embed_memory_view(const struct wn_embed_memory *m)
{
	if (m->fd < 0)
		return m->addr;
	return map(m->fd, m->offset, m->bytes, m->writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

void wn_embed_memory_unview(const struct wn_embed_memory *m, void *view)
{
	if (view != m->addr)
		munmap(view, m->bytes);
}
