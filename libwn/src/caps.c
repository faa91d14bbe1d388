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

/* ---------------------------------------------------------------- tokens */

/* An op that takes n of one size and answers n of another: its result. */
static __s64 exchange(struct wn *wn, struct wn_sqe *sqe, unsigned int n, const void *from,
		      size_t from_size, void *to, size_t to_size)
{
	__u32 in, out;
	__s64 res;

	if (!n || n > WN_TOKENS_MAX)
		return -EINVAL;
	res = wn_in_alloc(wn, (__u32)(n * from_size), &in);
	if (res)
		return res;
	res = wn_out_alloc(wn, (__u32)(n * to_size), &out);
	if (!res) {
		memcpy(wn_in(wn, in), from, n * from_size);
		sqe->w[0] = (__u64)(n * to_size) << 32 | out;
		sqe->w[1] = (__u64)n << 32 | in;
		res = wn_do(wn, sqe, NULL, NULL);
		if (!WN_RES_IS_ERROR(res))
			memcpy(to, wn_out(wn, out), n * to_size);
		wn_out_free(wn, out, (__u32)(n * to_size));
	}
	wn_in_free(wn, in, (__u32)(n * from_size));
	return res;
}

WN_API int wn_token_make(struct wn *wn, __u16 cap, const struct wn_token_ask *asks, unsigned int n,
			 struct wn_token *tokens)
{
	struct wn_sqe sqe = { .opcode = WN_OP_TOKEN_MAKE, .cap = cap };

	return (int)exchange(wn, &sqe, n, asks, sizeof(*asks), tokens, sizeof(*tokens));
}

WN_API int wn_token_redeem(struct wn *wn, const struct wn_token *tokens, unsigned int n,
			   struct wn_token_got *got)
{
	struct wn_sqe sqe = { .opcode = WN_OP_TOKEN_REDEEM };

	return (int)exchange(wn, &sqe, n, tokens, sizeof(*tokens), got, sizeof(*got));
}

WN_API __s64 wn_token_epoch(struct wn *wn, __u16 cap, __u32 flags, __u32 oldest, __u32 *good)
{
	struct wn_sqe sqe = {
		.opcode = WN_OP_TOKEN_EPOCH, .cap = cap, .op_flags = flags, .w = { oldest },
	};
	struct wn_cqe cqe;
	__s64 res = wn_do(wn, &sqe, NULL, &cqe);

	if (!WN_RES_IS_ERROR(res) && good)
		*good = cqe.aux;
	return res;
}
