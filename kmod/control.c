// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"
#include "main.h"

#include <linux/cred.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/worknode.h>

#include "class.h"
#include "core/bounds.h"
#include "core/cell.h"
#include "core/op.h"
#include "domain.h"
#include "features.h"
#include "fs.h"
#include "recording.h"
#include "uarg.h"

static long query(void __user *uarg)
{
	struct wn_query q = {};
	int usize;

	/* The first eight bytes are enough to ask with. */
	usize = wn_uarg_get(&q, sizeof(q), 8, uarg);
	if (usize < 0)
		return usize;
	if (q.flags)
		return -EINVAL;
	q = (struct wn_query){
		.abi = WN_ABI_VERSION,
		.layout = WN_LAYOUT_VERSION,
		.features = wn_features_mask(),
		.cell_types = wn_cell_types(),
		.page_size = PAGE_SIZE,
		.version = WN_VERSION,
	};
	wn_op_supported(q.ops);
	return wn_uarg_put(&q, sizeof(q), usize, uarg);
}

static long bounds_query(void __user *uarg)
{
	struct wn_bounds_query q = {};
	int usize;

	usize = wn_uarg_get(&q, sizeof(q), offsetof(struct wn_bounds_query, bounds), uarg);
	if (usize < 0)
		return usize;
	if (q.flags || q.reserved)
		return -EINVAL;
	switch (q.which) {
	case WN_BOUNDS_DEFAULT:
		q.bounds = wn_bounds_default;
		break;
	case WN_BOUNDS_LIMIT:
		q.bounds = wn_bounds_limit;
		break;
	default:
		return -EINVAL;
	}
	q.bytes = wn_domain_cost(&q.bounds);
	return wn_uarg_put(&q, sizeof(q), usize, uarg);
}

long wn_query_ioctl(unsigned int cmd, void __user *uarg)
{
	if (_IOC_TYPE(cmd) != WN_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WN_IOC_QUERY):
		return query(uarg);
	case _IOC_NR(WN_IOC_BOUNDS):
		return bounds_query(uarg);
	}
	return -ENOTTY;
}

int wn_control_check_name(const u8 *name)
{
	size_t len = strnlen(name, WN_NAME_BYTES);

	if (!len)
		return -EINVAL;
	if (len > WN_NAME_MAX)
		return -ENAMETOOLONG;
	if (memchr_inv(name + len, 0, WN_NAME_BYTES - len))
		return -EINVAL;
	if (memchr(name, '/', len) || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	return len;
}

static long create(struct file *file, void __user *uarg)
{
	struct wn_domain_create c = { .bounds = wn_bounds_default };
	int usize, len, err;

	/* Bounds behind the caller's size keep their defaults. */
	usize = wn_uarg_get(&c, sizeof(c), offsetof(struct wn_domain_create, bounds), uarg);
	if (usize < 0)
		return usize;
	if (c.flags || c.mode & ~0777)
		return -EINVAL;
	len = wn_control_check_name(c.name);
	if (len < 0)
		return len;
	err = wn_bounds_check(&c.bounds);
	if (err)
		return err;
	if (c.journal_kb && !wn_recording_bytes(&c.bounds, c.journal_kb))
		return -E2BIG;
	/*
	 * A bad address must not leave a domain behind, nor an error another size:
	 * the caller's own bytes first, our size when all is done.
	 */
	if (wn_uarg_try(&c, sizeof(c), usize, uarg))
		return -EFAULT;
	err = wn_fs_create_domain(file_inode(file)->i_sb, c.name, len, c.mode & ~current_umask(),
				  &c.bounds, c.journal_kb);
	if (err)
		return err;
	/* Written to a moment ago; should it fail now, the domain is there all the same. */
	wn_uarg_put(&c, sizeof(c), sizeof(c.size), uarg);
	return 0;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_CREATE)) {
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		return create(file, uarg);
	}
	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_CLASSES))
		return wn_classes_ioctl(file, uarg);
	if (_IOC_TYPE(cmd) == WN_IOC_MAGIC && _IOC_NR(cmd) == _IOC_NR(WN_IOC_JOURNAL))
		return wn_recording_ioctl(file, uarg);
	return wn_query_ioctl(cmd, uarg);
}

#ifdef CONFIG_PROC_FS
static void control_fdinfo(struct seq_file *m, struct file *file)
{
	wn_fs_show_usage(m, file_inode(file)->i_sb);
}
#endif

const struct file_operations wn_control_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = control_fdinfo,
#endif
};
