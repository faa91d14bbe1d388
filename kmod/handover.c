// SPDX-License-Identifier: GPL-2.0-only
#include "handover.h"
#include "main.h"

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "client.h"
#include "core/cap.h"
#include "core/op.h"
#include "domain.h"
#include "engine.h"
#include "uarg.h"

struct handover {
	struct wn_domain *domain;
	struct path path;	/* of the domain's file: holds the mount and the domain */
	u64 cap;		/* handle of the granter's capability */
	u64 node;
	u32 uses;		/* left; under domain->lock */
	struct wn_grant grant;
};

static void free_handover(struct handover *h)
{
	path_put(&h->path);
	kfree(h);
}

static int release(struct inode *inode, struct file *file)
{
	free_handover(file->private_data);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void fdinfo(struct seq_file *m, struct file *file)
{
	const struct handover *h = file->private_data;

	seq_printf(m, "wn-domain:\t%llu\n", h->domain->id);
	seq_printf(m, "wn-uses:\t%u\n", READ_ONCE(h->uses));
}
#endif

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.release = release,
	.llseek = noop_llseek,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = fdinfo,
#endif
};

/* ---------------------------------------------------------------- export */

/* Whether the caller could grant that now. *cap: the handle of what it would do it by. */
static s64 check(struct wn_client *client, const struct wn_cap_export *e, u64 *cap)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *by;
	struct wn_now now;
	int node;

	lockdep_assert_held(&domain->lock);

	if (domain->clients[client->number] != client)
		return -ESHUTDOWN;
	if (!(client->allowed[WN_OP_CAP_GRANT / 64] & (1ULL << WN_OP_CAP_GRANT % 64)))
		return -EPERM;
	node = wn_engine_ask(domain, client->number, e->cap, WN_RIGHT_GRANT, e->node, &by, &now);
	if (node < 0)
		return node;
	*cap = wn_cap_handle(domain->core, by);
	return wn_cap_check_grant(by, &e->grant);
}

static struct handover *new_handover(struct wn_client *client, struct file *file,
				     const struct wn_cap_export *e)
{
	struct handover *h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	s64 err;

	if (!h)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&client->domain->lock);
	err = check(client, e, &h->cap);
	mutex_unlock(&client->domain->lock);
	if (err) {
		kfree(h);
		return ERR_PTR(err);
	}
	h->domain = client->domain;
	h->node = e->node;
	h->uses = e->uses;
	h->grant = e->grant;
	h->path = file->f_path;
	path_get(&h->path);
	return h;
}

long wn_handover_export(struct wn_client *client, struct file *file, void __user *uarg)
{
	struct wn_cap_export e = {};
	struct handover *h;
	struct file *made;
	int usize, err;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (e.flags || e.reserved || !e.uses)
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	h = new_handover(client, file, &e);
	if (IS_ERR(h))
		return PTR_ERR(h);
	e.fd = get_unused_fd_flags(O_CLOEXEC);
	if (e.fd < 0) {
		free_handover(h);
		return e.fd;
	}
	made = anon_inode_getfile("[worknode-cap]", &fops, h, O_RDONLY);
	if (IS_ERR(made)) {
		put_unused_fd(e.fd);
		free_handover(h);
		return PTR_ERR(made);
	}
	err = wn_uarg_put(&e, sizeof(e), usize, uarg);
	if (err) {
		put_unused_fd(e.fd);
		fput(made);	/* releases the hand-over */
		return err;
	}
	fd_install(e.fd, made);
	return 0;
}

/* ---------------------------------------------------------------- redeem */

/* The granter's own op, at last: all that holds for one holds for this. */
static s64 grant(struct wn_client *client, struct handover *h, u32 *index)
{
	struct wn_domain *domain = h->domain;
	struct wn_sqe slots[2] = { {
		.opcode = WN_OP_CAP_GRANT,
		.flags = WN_SQE_WIDE,
		.node = h->node,
		.arg = (u64)client->number + 1,
	} };
	const struct wn_core *core = domain->core;
	struct wn_op_env env = {};
	struct wn_op_result result;
	const struct wn_cap *cap;
	struct wn_now now;
	u32 number;

	lockdep_assert_held(&domain->lock);

	if (domain->clients[client->number] != client)
		return -ESHUTDOWN;
	if (!h->uses)
		return -ENOKEY;
	cap = wn_cap_find(domain->core, h->cap);
	if (!cap)
		return -EKEYREVOKED;
	number = cap - core->caps.at;
	env.client = number / core->bounds.caps;
	/* What it is for lives: a table without a client holds no live capability. */
	if (WARN_ON_ONCE(!domain->clients[env.client]))
		return -EKEYREVOKED;
	env.allowed = domain->clients[env.client]->allowed;
	slots[0].cap = number % core->bounds.caps;
	memcpy(&slots[1], &h->grant, sizeof(h->grant));
	wn_engine_now(&now);
	env.now = &now;
	wn_op_apply(domain->core, &env, slots, &result);
	wn_caps_publish(domain->core);
	wn_engine_settle(domain);
	if (WN_RES_IS_ERROR(result.res))
		return result.res;
	WRITE_ONCE(h->uses, h->uses - 1);
	*index = result.aux;
	return result.res;
}

long wn_handover_redeem(struct wn_client *client, void __user *uarg)
{
	struct wn_cap_redeem r = {};
	struct handover *h;
	struct file *file;
	int usize, err;
	s64 res = -EXDEV;

	usize = wn_uarg_get(&r, sizeof(r), sizeof(r), uarg);
	if (usize < 0)
		return usize;
	if (r.flags || r.reserved)
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	/* A bad address uses nothing up. */
	if (wn_uarg_try(&r, sizeof(r), usize, uarg))
		return -EFAULT;
	file = fget(r.fd);
	if (!file)
		return -EBADF;
	if (file->f_op != &fops) {
		fput(file);
		return -EBADF;
	}
	h = file->private_data;
	if (h->domain == client->domain) {
		mutex_lock(&h->domain->lock);
		res = grant(client, h, &r.index);
		mutex_unlock(&h->domain->lock);
	}
	fput(file);
	if (WN_RES_IS_ERROR(res))
		return res;
	r.handle = res;
	return wn_uarg_put(&r, sizeof(r), usize, uarg);
}
