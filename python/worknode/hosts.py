# SPDX-License-Identifier: MIT
"""Domains where there is no module: libwn-embed."""

import ctypes

from . import abi
from .libwn import check, text

_embed = None


def embed_init():
    """From now on embed:NAME and host:SOCKET/NAME are paths, too (see libwn-embed)."""
    global _embed
    if _embed is None:
        embed = abi.load("libwn-embed.so.1", abi.EMBED_FUNCTIONS)
        check(embed.wn_embed_init(0))
        _embed = embed
    return _embed


class Host:
    """Domains of this process for others, who reach them as host:SOCKET/NAME."""

    def __init__(self, socket):
        self._at = ctypes.c_void_p()
        check(embed_init().wn_host_start(self._at, text(socket), 0, 0), socket)

    def stop(self):
        """Its clients see ESHUTDOWN."""
        _embed.wn_host_stop(self._at)


def prepared(path):
    """A path for libwn, to whom its scheme is known."""
    if path.startswith(("embed:", "host:")):
        embed_init()
    return text(path)
