/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hand-over: a grant that is still to be made, as a file. It names a capability by its
 * handle, so it is worth nothing once that is gone; what is redeemed hangs below it.
 *
 * The file holds the mount, so that there is a domain to look into, and no client.
 */
#ifndef WN_HANDOVER_H
#define WN_HANDOVER_H

struct file;
struct wn_client;

/* WN_IOC_CAP_EXPORT, on the file of a client; WN_IOC_CAP_REDEEM. */
long wn_handover_export(struct wn_client *client, struct file *file, void __user *uarg);
long wn_handover_redeem(struct wn_client *client, void __user *uarg);

#endif
