# SPDX-License-Identifier: MIT
"""libwn itself, and what its results mean."""

import sys

from . import abi

if sys.maxsize < 1 << 32:
    # A slot is stored to by one 64-bit store, which ctypes does not make here.
    raise ImportError("worknode needs a 64-bit Python")

lib = abi.load("libwn.so.1", abi.FUNCTIONS)


class Error(OSError):
    """errno says which, str() what to do about it."""

    def __init__(self, number, what=None):
        super().__init__(number, lib.wn_strerror(-number).decode(), what)


def check(result, what=None):
    """A result of libwn: what it is, or Error."""
    if -4096 < result < 0:
        raise Error(-result, what)
    return result & 0xFFFFFFFFFFFFFFFF


def text(name):
    """A name or path for C, where a NUL would end it."""
    if "\0" in name:
        raise ValueError("a NUL in a name")
    return name.encode()
