// SPDX-License-Identifier: GPL-2.0-only
#include "probe.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "backing.h"
#include "view.h"

#define PROBE_MAGIC	0x574e5052
#define MAX_PAGES	(1U << 16)

static const struct file_operations probe_fops;
static struct vfsmount *inodes;
static atomic_t windows;

static void region_free(struct kref *ref)
{
	struct region *r = container_of(ref, struct region, ref);

	backing_free(r->backing);
	kfree(r);
}

static struct region *region_new(const struct probe_make *m)
{
	struct region *r;
	struct backing *b;

	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return ERR_PTR(-ENOMEM);
	b = backing_new(m->backing, m->npages, m->flags & PROBE_MAKE_OOM);
	if (IS_ERR(b)) {
		kfree(r);
		return ERR_CAST(b);
	}
	r->backing = b;
	kref_init(&r->ref);
	init_rwsem(&r->lock);
	INIT_LIST_HEAD(&r->clients);
	return r;
}

static void client_enter(struct client *c, struct region *r)
{
	down_write(&r->lock);
	list_add_tail(&c->node, &r->clients);
	up_write(&r->lock);
	smp_store_release(&c->region, r);
}

static int probe_open(struct inode *inode, struct file *file)
{
	bool window = !strcmp(file->f_path.dentry->d_name.name, "wn_probe_window");
	struct client *c;

	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	c->scratch = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!c->scratch)
		goto err;
	init_rwsem(&c->lock);
	init_completion(&c->stalled);
	init_completion(&c->resume);
	INIT_LIST_HEAD(&c->node);
	if (window) {
		c->base = (pgoff_t)atomic_inc_return(&windows) * PROBE_WINDOW;
	} else {
		c->inode = alloc_anon_inode(inodes->mnt_sb);
		if (IS_ERR(c->inode))
			goto err_page;
		/* The core inserts no huge page beyond the size (6.12). */
		i_size_write(c->inode, (loff_t)MAX_PAGES << PAGE_SHIFT);
		file->f_mapping = c->inode->i_mapping;
	}
	c->mapping = file->f_mapping;
	c->insert = PROBE_INSERT;
	file->private_data = c;
	return 0;

err_page:
	put_page(c->scratch);
err:
	kfree(c);
	return -ENOMEM;
}

static int probe_release(struct inode *inode, struct file *file)
{
	struct client *c = file->private_data;

	if (c->region) {
		down_write(&c->region->lock);
		list_del(&c->node);
		up_write(&c->region->lock);
		kref_put(&c->region->ref, region_free);
	}
	if (c->inode)
		iput(c->inode);
	put_page(c->scratch);
	kfree(c);
	return 0;
}

static long do_make(struct client *c, struct probe_make *m)
{
	u64 t0 = ktime_get_ns();
	struct region *r;

	if (c->region || !m->npages || m->npages > MAX_PAGES || m->backing >= PROBE_BACKINGS)
		return -EINVAL;
	r = region_new(m);
	if (IS_ERR(r))
		return PTR_ERR(r);
	m->ns = ktime_get_ns() - t0;
	m->kernel_2m = backing_kernel_2m(r->backing);
	client_enter(c, r);
	return 0;
}

static struct file *other_client(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &probe_fops) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	return file;
}

static long do_join(struct client *c, int fd)
{
	struct file *file = other_client(fd);
	struct client *peer;
	long ret = -EINVAL;

	if (IS_ERR(file))
		return PTR_ERR(file);
	peer = file->private_data;
	if (!c->region && peer->region) {
		kref_get(&peer->region->ref);
		client_enter(c, peer->region);
		ret = 0;
	}
	fput(file);
	return ret;
}

static long do_view(struct client *c, struct probe_view *v)
{
	if (v->insert >= PROBE_INSERTS)
		return -EINVAL;
	if (c->mapped)
		return -EBUSY;
	c->insert = v->insert;
	c->flags = v->flags;
	v->base = c->base;
	return 0;
}

static bool range_ok(const struct client *c, unsigned int first, unsigned int count)
{
	return c->region && first < c->region->backing->npages &&
	       count <= c->region->backing->npages - first;
}

static long do_revoke(struct probe_revoke *r)
{
	struct file *file = other_client(r->client);
	long ret = -EINVAL;

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (range_ok(file->private_data, r->first, r->count)) {
		view_revoke(file->private_data, r);
		ret = 0;
	}
	fput(file);
	return ret;
}

static long do_word(struct client *c, struct probe_word *w, bool poke)
{
	struct page *page;
	u64 *word;

	if (!range_ok(c, w->index, 1))
		return -EINVAL;
	down_read(&c->region->lock);
	page = c->region->backing->pages[w->index];
	word = page_address(page);
	if (poke)
		WRITE_ONCE(*word, w->value);
	w->value = READ_ONCE(*word);
	w->refs = page_count(page);
	up_read(&c->region->lock);
	return 0;
}

static long do_stall(struct client *c, unsigned int cmd, unsigned int point)
{
	switch (cmd) {
	case PROBE_IOC_STALL:
		reinit_completion(&c->stalled);
		reinit_completion(&c->resume);
		WRITE_ONCE(c->stall, point);
		return 0;
	case PROBE_IOC_STALLED:
		return wait_for_completion_timeout(&c->stalled, 2 * HZ) ? 0 : -ETIME;
	default:
		complete(&c->resume);
		return 0;
	}
}

static long probe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct client *c = file->private_data;
	void __user *p = (void __user *)arg;
	union {
		struct probe_make make;
		struct probe_view view;
		struct probe_revoke revoke;
		struct probe_take take;
		struct probe_word word;
		s32 fd;
		u32 point;
	} u = {};
	long ret;

	if (_IOC_SIZE(cmd) > sizeof(u))
		return -ENOTTY;
	if (copy_from_user(&u, p, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case PROBE_IOC_MAKE:
		ret = do_make(c, &u.make);
		break;
	case PROBE_IOC_JOIN:
		ret = do_join(c, u.fd);
		break;
	case PROBE_IOC_VIEW:
		ret = do_view(c, &u.view);
		break;
	case PROBE_IOC_REVOKE:
		ret = do_revoke(&u.revoke);
		break;
	case PROBE_IOC_TAKE:
		ret = range_ok(c, u.take.first, u.take.count) ? view_take(c, &u.take) : -EINVAL;
		break;
	case PROBE_IOC_PEEK:
	case PROBE_IOC_POKE:
		ret = do_word(c, &u.word, cmd == PROBE_IOC_POKE);
		break;
	case PROBE_IOC_STALL:
	case PROBE_IOC_STALLED:
	case PROBE_IOC_RESUME:
		ret = do_stall(c, cmd, u.point);
		break;
	default:
		ret = -ENOTTY;
	}
	if (!ret && (_IOC_DIR(cmd) & _IOC_READ) && copy_to_user(p, &u, _IOC_SIZE(cmd)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.release = probe_release,
	.mmap = view_mmap,
	.unlocked_ioctl = probe_ioctl,
};

static struct miscdevice devices[] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "wn_probe_inode", .fops = &probe_fops },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "wn_probe_window", .fops = &probe_fops },
};

static int inodes_init(struct fs_context *fc)
{
	return init_pseudo(fc, PROBE_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type inodes_type = {
	.name = "wn_probe",
	.owner = THIS_MODULE,
	.init_fs_context = inodes_init,
	.kill_sb = kill_anon_super,
};

static int __init probe_init(void)
{
	int err;

	inodes = kern_mount(&inodes_type);
	if (IS_ERR(inodes))
		return PTR_ERR(inodes);
	err = misc_register(&devices[0]);
	if (err)
		goto err_mount;
	err = misc_register(&devices[1]);
	if (err)
		goto err_first;
	return 0;

err_first:
	misc_deregister(&devices[0]);
err_mount:
	kern_unmount(inodes);
	return err;
}

static void __exit probe_exit(void)
{
	misc_deregister(&devices[1]);
	misc_deregister(&devices[0]);
	kern_unmount(inodes);
}

module_init(probe_init);
module_exit(probe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Probe: what can back memory shared with user space");
