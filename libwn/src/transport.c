// SPDX-License-Identifier: MIT
#include "transport.h"

#include <stddef.h>
#include <string.h>

#include "path.h"

/* Pushed to by compare and exchange, never taken from: readers need no lock. */
static struct wn_transport *first;

static const struct wn_transport *find(const char *scheme, size_t len)
{
	const struct wn_transport *t;

	for (t = __atomic_load_n(&first, __ATOMIC_ACQUIRE); t; t = t->next)
		if (!strncmp(t->scheme, scheme, len) && !t->scheme[len])
			return t;
	return NULL;
}

WN_API int wn_transport_register(struct wn_transport *t)
{
	size_t len;

	/* What came later may be missing. */
	if (t->size < offsetof(struct wn_transport, renew) || !t->scheme)
		return -EINVAL;
	len = strcspn(t->scheme, ":/");
	if (!len || t->scheme[len])
		return -EINVAL;
	t->next = __atomic_load_n(&first, __ATOMIC_ACQUIRE);
	do {
		/* t->next is what is there now: look again whenever that changed. */
		if (find(t->scheme, len))
			return -EEXIST;
	} while (!__atomic_compare_exchange_n(&first, &t->next, t, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return 0;
}

const struct wn_transport *wn_transport_of(const char *path, const char **rest)
{
	size_t len = strcspn(path, ":/");
	const struct wn_transport *t = path[len] == ':' ? find(path, len) : NULL;

	*rest = t ? path + len + 1 : path;
	return t ? t : &wn_transport_kernel;
}

int wn_file_open(struct wn_file *file, const char *path, int flags)
{
	char full[WN_PATH_BYTES];
	const char *rest;
	int err = 0;

	file->via = wn_transport_of(path, &rest);
	if (file->via == &wn_transport_kernel) {
		err = wn_path_domain(full, path);
		rest = full;
	}
	return err ? err : file->via->open(rest, flags, &file->file);
}

int wn_file_remove(const char *path)
{
	const struct wn_transport *via;
	char full[WN_PATH_BYTES];
	const char *rest;
	int err = 0;

	via = wn_transport_of(path, &rest);
	if (via == &wn_transport_kernel) {
		err = wn_path_domain(full, path);
		rest = full;
	}
	return err ? err : via->remove(rest);
}
