# SPDX-License-Identifier: MIT
"""Worker processes share counters, sets, trees and queues at memory speed.

A thin layer over libwn: the names and meanings are those of libwn(7), handles are ints,
bytes are bytes. What fails raises worknode.Error, an OSError whose errno is one of those
in <linux/worknode.h>, and whose text says what to do about it.

A client belongs to one thread at a time, and to the process that opened it: a forked
child calls reopen(). Calls that wait let other threads run.
"""

import ctypes

from .abi import *  # noqa: F401,F403: the numbers are this package's, too
from .client import Client
from .fans import Fan, Seat
from .hosts import Host, embed_init, prepared
from .libwn import Error, check, lib
from .ops import Event, Op
from .slots import Counter, Escrow


def domain_create(path, mode=0o600):
    """Make a domain with the default bounds."""
    check(lib.wn_domain_create(prepared(path), mode, None), path)


def domain_set_classes(path, owner, group, other):
    """What those who open it from now on may do: WN_RIGHT_*, of each class."""
    rights = (ctypes.c_uint32 * WN_CLASSES)(owner, group, other)  # noqa: F405
    check(lib.wn_domain_set_classes(prepared(path), rights), path)


def domain_remove(path):
    """Remove its name; it ends with its last client."""
    check(lib.wn_domain_remove(prepared(path)), path)
