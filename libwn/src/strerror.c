// SPDX-License-Identifier: MIT
#include "internal.h"

struct advice {
	int err;
	const char *text;
};

static const struct advice advices[] = {
	{ 0, "no error" },
	{ EINVAL, "malformed request: a flag, field or length this module does not know" },
	{ E2BIG, "above a hard limit, or a struct newer than the module: ask wn_bounds(), wn_query()" },
	{ ENOSPC, "a bound of the domain, mount or module is reached: make it with larger bounds" },
	{ EDQUOT, "a quota is reached: free something, or have the quota raised" },
	{ ENOMEM, "no memory, or the memory cgroup's limit is reached" },
	{ EEXIST, "the name is taken: choose another, or open what is there" },
	{ ENOENT, "no such name: is worknodefs mounted there, and the domain made?" },
	{ ENAMETOOLONG, "the name is too long: 63 bytes at most" },
	{ EACCES, "mode bits or rights do not allow it: see ls -l, chmod, chgrp" },
	{ EPERM, "not allowed: the client is restricted, or the file is not yours to change" },
	{ EBADF, "the file is not open for that: open the domain for reading and writing" },
	{ ESTALE, "the handle's node is gone for ever: look it up again" },
	{ EBUSY, "set up, enabled or in use already" },
	{ ENXIO, "the client is not set up or not enabled yet" },
	{ ENOTTY, "not a file of worknodefs, or an ioctl this module does not know" },
	{ ENODEV, "no such file system: is the module loaded? Try modprobe worknode" },
	{ EOPNOTSUPP, "this module does not know the operation: see wn_query()" },
	{ EAGAIN, "changed meanwhile, or the ring is full: read again and retry" },
	{ ENOBUFS, "the receiver's ring, or the domain's journal, is full: wait until it is read" },
	{ ECANCELED, "an earlier op of the chain failed, or the call was cancelled" },
	{ ETIME, "the deadline passed" },
	{ EINTR, "a signal came before anything was done: retry" },
	{ ENOLINK, "the peer died" },
	{ EPROTO, "the peer wrote nonsense: drop it" },
	{ EOWNERDEAD, "this client belongs to another process: open one after fork" },
	{ EKEYREVOKED, "the capability was revoked: ask for a new one" },
	{ EBADMSG, "no token of this domain: it was cut, changed or made up" },
	{ ENOKEY, "the hand-over is used up: ask for another one" },
	{ EXDEV, "it is of another domain: open that one" },
	{ EKEYEXPIRED, "the capability expired: ask for a new one" },
	{ EHOSTDOWN, "no quorum: the cluster does not take changes now" },
	{ ESHUTDOWN, "the client is dead: open a new one" },
	{ EFAULT, "a bad address was handed in" },
	{ EMFILE, "too many open files in this process: see ulimit -n" },
	{ ENFILE, "too many open files on this host" },
};

WN_API const char *wn_strerror(int err)
{
	size_t i;

	if (err < 0)
		err = -err;
	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].err == err)
			return advices[i].text;
	return "an error this library does not know";
}
