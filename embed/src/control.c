// SPDX-License-Identifier: MIT
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arg.h"
#include "domain.h"
#include "kmod/core/bounds.h"
#include "kmod/core/op.h"

static int query(bool hosted, void *arg)
{
	struct wn_query q = {};
	int caller = wn_embed_arg_get(&q, sizeof(q), 8, arg);

	if (caller < 0)
		return caller;
	if (q.flags)
		return -EINVAL;
	q = (struct wn_query){
		.abi = WN_ABI_VERSION,
		.layout = WN_LAYOUT_VERSION,
		.features = WN_FEAT_DOMAINS | WN_FEAT_RINGS | WN_FEAT_NOP |
			    WN_FEAT_ARENAS | WN_FEAT_CLASSES | WN_FEAT_EPOCH | WN_FEAT_LANES |
			    WN_FEAT_FANS | WN_FEAT_EVENTFD | WN_FEAT_POLL | (hosted ? 0 : WN_FEAT_JOURNAL),
		.cell_types = wn_cell_types(),
		.page_size = (u32)sysconf(_SC_PAGESIZE),
		.version = WN_VERSION,
	};
	wn_op_supported((u64 *)q.ops);
	wn_embed_arg_put(&q, sizeof(q), (u32)caller, arg);
	return 0;
}

static int bounds(void *arg)
{
	struct wn_bounds_query q = {};
	int caller = wn_embed_arg_get(&q, sizeof(q), offsetof(struct wn_bounds_query, bounds), arg);

	if (caller < 0)
		return caller;
	if (q.flags || q.reserved || q.which > WN_BOUNDS_LIMIT)
		return -EINVAL;
	q.bounds = q.which == WN_BOUNDS_LIMIT ? wn_bounds_limit : wn_bounds_default;
	q.bytes = wn_embed_domain_cost(&q.bounds);
	wn_embed_arg_put(&q, sizeof(q), (u32)caller, arg);
	return 0;
}

int wn_embed_query(bool hosted, unsigned long cmd, void *arg)
{
	if (_IOC_TYPE(cmd) != WN_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WN_IOC_QUERY):
		return query(hosted, arg);
	case _IOC_NR(WN_IOC_BOUNDS):
		return bounds(arg);
	}
	return -ENOTTY;
}

static int check_name(const __u8 *name)
{
	const size_t len = strnlen((const char *)name, WN_NAME_BYTES);
	size_t i;

	if (!len)
		return -EINVAL;
	if (len > WN_NAME_MAX)
		return -ENAMETOOLONG;
	for (i = len; i < WN_NAME_BYTES; i++)
		if (name[i])
			return -EINVAL;
	if (memchr(name, '/', len) || !strcmp((const char *)name, ".") ||
	    !strcmp((const char *)name, ".."))
		return -EINVAL;
	return 0;
}

static int create(const char *instance, u64 most, void *arg)
{
	struct wn_domain_create c = { .bounds = wn_bounds_default };
	int caller = wn_embed_arg_get(&c, sizeof(c), offsetof(struct wn_domain_create, bounds), arg);
	char *path;
	int err;

	if (caller < 0)
		return caller;
	if (c.flags || c.mode & ~0777U)
		return -EINVAL;
	err = check_name(c.name);
	if (err)
		return err;
	/* Nobody else could take it out. */
	if (most && c.journal_kb)
		return -EOPNOTSUPP;
	/* What is there in every instance. */
	if (!strcmp((char *)c.name, WN_FS_CONTROL) || !strcmp((char *)c.name, WN_FS_FEATURES))
		return -EEXIST;
	if (asprintf(&path, "%s/%s", instance, (char *)c.name) < 0)
		return -ENOMEM;
	err = wn_embed_domain_create(path, &c.bounds, c.journal_kb, most);
	free(path);
	if (!err)
		wn_embed_arg_put(&c, sizeof(c), (u32)caller, arg);
	return err;
}

/* One of the instance's, by a name that was checked; with a reference. */
static int get_named(const char *instance, const __u8 *name, struct wn_embed_domain **domain)
{
	char *path;

	if (asprintf(&path, "%s/%s", instance, (const char *)name) < 0)
		return -ENOMEM;
	*domain = wn_embed_domain_get(path);
	free(path);
	return *domain ? 0 : -ENOENT;
}

static int classes(const char *instance, bool writable, void *arg)
{
	struct wn_class_table t = {};
	int caller = wn_embed_arg_get(&t, sizeof(t), sizeof(t), arg), err, i;
	struct wn_embed_domain *domain;

	if (caller < 0)
		return caller;
	if (t.flags & ~WN_CLASSES_SET || t.reserved)
		return -EINVAL;
	for (i = 0; t.flags && i < WN_CLASSES; i++)
		if (t.rights[i] & ~WN_RIGHT_ALL)
			return -EINVAL;
	err = check_name(t.name);
	if (err)
		return err;
	if (t.flags && !writable)
		return -EBADF;
	err = get_named(instance, t.name, &domain);
	if (err)
		return err;
	for (i = 0; i < WN_CLASSES; i++) {
		if (t.flags)
			__atomic_store_n(&domain->rights[i], t.rights[i], __ATOMIC_RELAXED);
		else
			t.rights[i] = __atomic_load_n(&domain->rights[i], __ATOMIC_RELAXED);
	}
	wn_embed_domain_put(domain);
	wn_embed_arg_put(&t, sizeof(t), (u32)caller, arg);
	return 0;
}

/* Of this process: another one's memory is not to be had by its address. */
static int take_journal(const char *instance, void *arg)
{
	struct wn_journal_take t = {};
	int caller = wn_embed_arg_get(&t, sizeof(t), sizeof(t), arg), err;
	struct wn_embed_domain *domain;

	if (caller < 0)
		return caller;
	if (t.flags)
		return -EINVAL;
	err = check_name(t.name);
	if (err)
		return err;
	err = get_named(instance, t.name, &domain);
	if (err)
		return err;
	err = wn_embed_recording_take(domain, &t);
	wn_embed_domain_put(domain);
	if (!err)
		wn_embed_arg_put(&t, sizeof(t), (u32)caller, arg);
	return err;
}

int wn_embed_control(const char *instance, bool writable, u64 most, unsigned long cmd, void *arg)
{
	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_CREATE))
		return writable ? create(instance, most, arg) : -EBADF;
	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_CLASSES))
		return classes(instance, writable, arg);
	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_JOURNAL) && !most)
		return writable ? take_journal(instance, arg) : -EBADF;
	return wn_embed_query(most, cmd, arg);
}
