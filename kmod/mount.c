// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"
#include "main.h"

#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#define WN_MAX_DOMAINS	1024	/* max= unless given */

enum { Opt_max, Opt_uid, Opt_gid, Opt_mode, Opt_size };

static const struct fs_parameter_spec params[] = {
	fsparam_u32("max", Opt_max),
	fsparam_u32("uid", Opt_uid),
	fsparam_u32("gid", Opt_gid),
	fsparam_u32oct("mode", Opt_mode),
	fsparam_string("size", Opt_size),
	{}
};

/* What the options said; a super block is changed only when all are good. */
struct wn_mount_context {
	struct wn_mount *mount;
	int (*fill)(struct super_block *sb, struct fs_context *fc);
	bool uid_given;
	bool gid_given;
	bool mode_given;
	bool max_given;
	bool size_given;
};

/* memparse() alone would let a number that is too large wrap around. */
static int parse_size(struct fs_context *fc, const char *string, u64 *size)
{
	static const char units[] = "kmgtp";
	size_t len = strlen(string);
	char digits[24];
	const char *unit;
	int shift = 0;

	unit = len ? strchr(units, tolower(string[len - 1])) : NULL;
	if (unit) {
		len--;
		shift = 10 * (unit - units + 1);
	}
	if (len >= sizeof(digits))
		goto bad;
	memcpy(digits, string, len);
	digits[len] = 0;
	if (kstrtou64(digits, 0, size) || !*size || *size > U64_MAX >> shift)
		goto bad;
	*size <<= shift;
	return 0;
bad:
	return invalfc(fc, "size=%s: want bytes above 0, with k, m or g", string);
}

static int parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct wn_mount_context *ctx = fc->fs_private;
	struct wn_mount *mount = ctx->mount;
	struct fs_parse_result result;
	int opt;

	opt = fs_parse(fc, params, param, &result);
	if (opt < 0)
		return opt;
	switch (opt) {
	case Opt_max:
		if (!result.uint_32)
			return invalfc(fc, "max=0: want at least one domain");
		mount->max = result.uint_32;
		ctx->max_given = true;
		return 0;
	case Opt_uid:
		mount->uid = make_kuid(fc->user_ns, result.uint_32);
		if (!uid_valid(mount->uid))
			return invalfc(fc, "uid=%u: no such user here", result.uint_32);
		ctx->uid_given = true;
		return 0;
	case Opt_gid:
		mount->gid = make_kgid(fc->user_ns, result.uint_32);
		if (!gid_valid(mount->gid))
			return invalfc(fc, "gid=%u: no such group here", result.uint_32);
		ctx->gid_given = true;
		return 0;
	case Opt_mode:
		if (result.uint_32 & ~0777)
			return invalfc(fc, "mode=%o: want permission bits only", result.uint_32);
		mount->mode = result.uint_32;
		ctx->mode_given = true;
		return 0;
	case Opt_size:
		ctx->size_given = true;
		return parse_size(fc, param->string, &mount->budget.limit);
	}
	return -EINVAL;
}

static int get_tree(struct fs_context *fc)
{
	struct wn_mount_context *ctx = fc->fs_private;

	/* The super block's from here on; its kill_sb frees it. */
	fc->s_fs_info = ctx->mount;
	ctx->mount = NULL;
	return get_tree_nodev(fc, ctx->fill);
}

/*
 * A remount changes limits only; who owns what is chmod's and chown's. What is
 * as it was may be named: mount(8) repeats the options that it finds in
 * /proc/self/mountinfo.
 */
static int reconfigure(struct fs_context *fc)
{
	struct wn_mount_context *ctx = fc->fs_private;
	struct wn_mount *mount = fc->root->d_sb->s_fs_info;

	if ((ctx->uid_given && !uid_eq(ctx->mount->uid, mount->uid)) ||
	    (ctx->gid_given && !gid_eq(ctx->mount->gid, mount->gid)) ||
	    (ctx->mode_given && ctx->mount->mode != mount->mode))
		return invalfc(fc, "uid=, gid= and mode= are fixed at the first mount");
	if (ctx->max_given)
		WRITE_ONCE(mount->max, ctx->mount->max);
	if (ctx->size_given)
		WRITE_ONCE(mount->budget.limit, ctx->mount->budget.limit);
	return 0;
}

static void free_context(struct fs_context *fc)
{
	struct wn_mount_context *ctx = fc->fs_private;

	kfree(fc->s_fs_info);
	if (ctx)
		kfree(ctx->mount);
	kfree(ctx);
}

static const struct fs_context_operations context_ops = {
	.parse_param = parse_param,
	.get_tree = get_tree,
	.reconfigure = reconfigure,
	.free = free_context,
};

int wn_mount_init_context(struct fs_context *fc,
			  int (*fill)(struct super_block *sb, struct fs_context *fc))
{
	struct wn_mount_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	struct wn_mount *mount = kzalloc(sizeof(*mount), GFP_KERNEL_ACCOUNT);

	if (!ctx || !mount) {
		kfree(ctx);
		kfree(mount);
		return -ENOMEM;
	}
	mount->max = WN_MAX_DOMAINS;
	mount->budget.limit = wn_charge_limit();
	mount->mode = 0600;
	mount->uid = make_kuid(fc->user_ns, 0);
	mount->gid = make_kgid(fc->user_ns, 0);
	/* A user namespace without a root of its own: the mounter. */
	if (!uid_valid(mount->uid) || !gid_valid(mount->gid)) {
		mount->uid = current_fsuid();
		mount->gid = current_fsgid();
	}
	ctx->mount = mount;
	ctx->fill = fill;
	fc->fs_private = ctx;
	fc->ops = &context_ops;
	return 0;
}

void wn_mount_show_options(struct seq_file *m, struct wn_mount *mount,
			   struct user_namespace *ns)
{
	seq_printf(m, ",max=%u,size=%llu,mode=%o", READ_ONCE(mount->max),
		   READ_ONCE(mount->budget.limit), mount->mode);
	seq_printf(m, ",uid=%u,gid=%u", from_kuid_munged(ns, mount->uid),
		   from_kgid_munged(ns, mount->gid));
}
