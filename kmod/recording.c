// SPDX-License-Identifier: GPL-2.0-only
#include "recording.h"
#include "main.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/worknode.h>

#include "class.h"
#include "client.h"
#include "control.h"
#include "core/core.h"
#include "core/journal.h"
#include "core/mail.h"
#include "domain.h"
#include "engine.h"
#include "fs.h"
#include "uarg.h"

#define STRETCH	SZ_1M	/* bytes between two looks at whether somebody else wants to run */

struct wn_recording {
	struct wn_journal journal;	/* under domain->lock */
	struct wn_pages half[2];
	u32 half_bytes;

	struct mutex lock;	/* one takes out at a time; outside domain->lock */
	struct {		/* under lock */
		u32 out;	/* which half is the reader's */
		u32 taken, used; /* bytes of it */
		u64 position;	/* of the byte that is taken next */
	};
};

u64 wn_recording_bytes(const struct wn_bounds *bounds, u32 kb)
{
	const u64 least = 2 * (u64)PAGE_ALIGN(wn_journal_bytes_min(bounds));
	const u64 asked = ALIGN((u64)kb << 10, 2 * PAGE_SIZE);

	if (kb > WN_JOURNAL_KB_MAX)
		return 0;
	return max(least, asked);
}

u64 wn_recording_cost(u64 bytes)
{
	return sizeof(struct wn_recording) + 2 * wn_pages_cost(bytes / 2);
}

int wn_recording_begin(struct wn_domain *domain, u64 bytes, const struct wn_core_ident *ident)
{
	struct wn_recording *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	int err;

	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	domain->recording = r;
	r->half_bytes = bytes / 2;
	err = wn_pages_alloc(&r->half[0], r->half_bytes);
	if (!err)
		err = wn_pages_alloc(&r->half[1], r->half_bytes);
	if (err)
		return err;
	r->out = 1;
	wn_journal_begin(domain->core, &r->journal, r->half[0].addr, r->half_bytes, ident);
	return 0;
}

/* It holds the domain's keys. Up to half a gigabyte: not in one go. */
static void wipe(struct wn_recording *r, int half)
{
	u32 at, bytes;

	for (at = 0; r->half[half].addr && at < r->half_bytes; at += bytes) {
		bytes = min_t(u32, r->half_bytes - at, STRETCH);
		memzero_explicit(r->half[half].addr + at, bytes);
		cond_resched();
	}
}

void wn_recording_end(struct wn_domain *domain)
{
	struct wn_recording *r = domain->recording;

	if (!r)
		return;
	wipe(r, 0);
	wipe(r, 1);
	wn_pages_free(&r->half[0]);
	wn_pages_free(&r->half[1]);
	mutex_destroy(&r->lock);
	kfree(r);
	domain->recording = NULL;
}

/* ------------------------------------------------------------ taking out */

/* What was put off for want of room is done now: by the work item, and whoever enters. */
static void go_on(struct wn_domain *domain)
{
	u32 i;

	for (i = 0; i < domain->bounds.clients; i++)
		if (domain->clients[i])
			wn_mail_retry(domain->core, i);
	wn_engine_settle(domain);
}

/* The reader's half is empty: it becomes the core's, and what that wrote the reader's. */
static void swap_halves(struct wn_domain *domain)
{
	struct wn_recording *r = domain->recording;
	bool put_off;

	lockdep_assert_held(&r->lock);

	mutex_lock(&domain->lock);
	r->used = r->journal.used;
	r->taken = 0;
	if (r->used) {
		put_off = wn_journal_puts_off(domain->core);
		wn_journal_swap(&r->journal, r->half[r->out].addr);
		r->out = !r->out;
		if (put_off)
			go_on(domain);
	}
	mutex_unlock(&domain->lock);
}

/* How it stands, for the caller. */
static void tell(struct wn_domain *domain, struct wn_journal_take *t)
{
	struct wn_recording *r = domain->recording;

	mutex_lock(&domain->lock);
	t->left = r->used - r->taken + r->journal.used - t->bytes;
	t->state = 0;
	if (wn_journal_puts_off(domain->core))
		t->state |= WN_JOURNAL_FULL;
	if (r->journal.broken)
		t->state |= WN_JOURNAL_BROKEN;
	mutex_unlock(&domain->lock);
}

static int take(struct wn_domain *domain, struct wn_journal_take *t, int usize, void __user *uarg)
{
	struct wn_recording *r = domain->recording;
	u32 bytes;
	int err;

	lockdep_assert_held(&r->lock);

	if (t->bytes && r->taken == r->used)
		swap_halves(domain);
	/* Who wants more asks again. */
	bytes = min3(t->bytes, r->used - r->taken, (u32)STRETCH);
	if (bytes && copy_to_user(u64_to_user_ptr(t->addr), r->half[r->out].addr + r->taken, bytes))
		return -EFAULT;
	t->bytes = bytes;
	t->position = r->position;
	tell(domain, t);
	/* Its size field is written anew by this: no further use of it. */
	err = wn_uarg_put(t, sizeof(*t), usize, uarg);
	if (err)
		return err;
	r->taken += bytes;
	r->position += bytes;
	return 0;
}

static int take_of(struct inode *inode, struct wn_journal_take *t, int usize, void __user *uarg)
{
	struct wn_domain *domain = inode->i_private;
	struct wn_recording *r = domain->recording;
	int err;

	/* It holds the domain's keys: for whoever may have any right in it. */
	if (!wn_class_may_set(inode))
		return -EPERM;
	if (!r)
		return -ENODATA;
	if (mutex_lock_killable(&r->lock))
		return -EINTR;
	err = take(domain, t, usize, uarg);
	mutex_unlock(&r->lock);
	return err;
}

long wn_recording_ioctl(struct file *control, void __user *uarg)
{
	struct wn_journal_take t = {};
	struct inode *inode;
	int usize, len, err;

	usize = wn_uarg_get(&t, sizeof(t), sizeof(t), uarg);
	if (usize < 0)
		return usize;
	if (t.flags)
		return -EINVAL;
	if (!(control->f_mode & FMODE_WRITE))
		return -EBADF;
	len = wn_control_check_name(t.name);
	if (len < 0)
		return len;
	inode = wn_fs_get_domain(file_inode(control)->i_sb, (const char *)t.name, len);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	err = take_of(inode, &t, usize, uarg);
	iput(inode);
	return err;
}
