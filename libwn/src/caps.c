// SPDX-License-Identifier: MIT
/* Ops on capabilities, each with its answer. */
#include "transport.h"

#include <string.h>

WN_API __s64 wn_cap_grant(struct wn *wn, __u16 cap, __u64 node, __u64 to,
			  const struct wn_grant *grant, __u32 *index)
{
	struct wn_sqe sqe = {}, data;
	struct wn_cqe cqe;
	__s64 res;

	wn_prep_cap_grant(&sqe, &data, cap, node, to, grant, 0);
	res = wn_do(wn, &sqe, &data, &cqe);
	if (!WN_RES_IS_ERROR(res) && index)
		*index = cqe.aux;
	return res;
}

WN_API int wn_cap_export(struct wn *wn, __u16 cap, __u64 node, const struct wn_grant *grant,
			 __u32 uses)
{
	struct wn_cap_export e = {
		.size = sizeof(e), .node = node, .cap = cap, .uses = uses, .grant = *grant,
	};
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	err = wn_call(wn, WN_IOC_CAP_EXPORT, &e);
	return err ? err : e.fd;
}

WN_API __s64 wn_cap_redeem(struct wn *wn, int fd, __u32 *index)
{
	struct wn_cap_redeem r = { .size = sizeof(r), .fd = fd };
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	err = wn_call(wn, WN_IOC_CAP_REDEEM, &r);
	if (err)
		return err;
	if (index)
		*index = r.index;
	return (__s64)r.handle;
}

WN_API __s64 wn_cap_revoke(struct wn *wn, __u16 cap, __u64 grant)
{
	struct wn_sqe sqe = {};

	wn_prep_cap_revoke(&sqe, cap, grant, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API int wn_cap_read(struct wn *wn, __u16 cap, __u64 grant, struct wn_cap_info *info)
{
	struct wn_sqe sqe = {};
	__u32 out;
	__s64 res = wn_out_alloc(wn, sizeof(*info), &out);

	if (res)
		return (int)res;
	wn_prep_cap_read(&sqe, cap, grant, out, 0);
	res = wn_do(wn, &sqe, NULL, NULL);
	if (res >= 0)
		memcpy(info, wn_out(wn, out), sizeof(*info));
	wn_out_free(wn, out, sizeof(*info));
	return res < 0 ? (int)res : 0;
}
