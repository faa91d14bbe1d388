# SPDX-License-Identifier: MIT
"""Records from one client to many (see wn_fan.h)."""

import ctypes
import errno

from . import abi
from .libwn import Error, check, lib

_ROOM = 4096


class _End:
    """The producer's, or a consumer's. It goes before its client does."""

    def __init__(self, client):
        self._lane = (ctypes.c_uint64 * (abi.LANE_BYTES // 8))()
        self._open = False
        self._client = client

    def _begin(self, function, *args):
        self._client.call(function, self._lane, *args)
        self._open = True
        self._client.ends.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if lib is not None and getattr(self, "_open", False):
            self.close()

    def call(self, function, *args):
        """One of libwn's functions on this end."""
        if not self._open:
            raise ValueError("this end of the fan is closed")
        return check(getattr(lib, function)(self._lane, *args))

    def close(self):
        """Twice is once. The others read what was sent before."""
        if self._open:
            self._open = False
            self._client.ends.discard(self)
            lib.wn_lane_close(self._lane)

    def _again(self, attempt, room, timeout):
        """Until it goes: what it returns; None after so many seconds. Signal handlers run."""
        deadline = 0 if timeout is None else lib.wn_deadline(int(timeout * 1e9))
        while True:
            try:
                return attempt()
            except Error as error:
                if error.errno != errno.EAGAIN:
                    raise
            try:
                self.call("wn_lane_wait", room, deadline)
            except Error as error:
                if error.errno == errno.ETIME:
                    return None
                if error.errno != errno.EINTR:
                    raise


class Fan(_End):
    """The producer's end of a new one, at a node. holds: the slowest holds it back."""

    def __init__(self, client, node, size=65536, seats=abi.WN_FAN_SEATS, holds=False):
        super().__init__(client)
        self._begin("wn_fan_make", node, 0, size, seats, abi.WN_FAN_HOLDS if holds else 0)

    def send(self, data, type=0, timeout=None):
        """To all; False: somebody held it back for so many seconds."""
        def attempt():
            self.call("wn_fan_send", data, len(data), type)
            return True
        return self._again(attempt, len(data), timeout) or False

    @property
    def slowest(self):
        """Which seat is farthest behind, and by how many bytes; None: all are empty."""
        seat, behind = ctypes.c_uint32(), ctypes.c_uint64()
        try:
            self.call("wn_fan_slowest", seat, behind)
        except Error as error:
            if error.errno != errno.ENOENT:
                raise
            return None
        return seat.value, behind.value

    def evict(self, seat):
        """Take it back: its consumer gets EKEYREVOKED."""
        self.call("wn_fan_evict", seat)


class Seat(_End):
    """A consumer's end of a node's first fan: from the oldest record that is there."""

    def __init__(self, client, node, newest=False):
        super().__init__(client)
        self.lost = 0   # records, by being too slow
        self.type = 0   # of the last one
        self._room = ctypes.create_string_buffer(_ROOM)
        self._begin("wn_fan_join", node, 0, abi.WN_FAN_NEWEST if newest else 0)

    def read(self, timeout=None):
        """The next record; None if none came. Error ENOLINK: the producer has ended."""
        return self._again(self._take, 0, timeout)

    def __iter__(self):
        """All, until the producer ends."""
        while True:
            try:
                yield self.read()
            except Error as error:
                if error.errno != errno.ENOLINK:
                    raise
                return

    def _take(self):
        kind, lost = ctypes.c_uint16(), ctypes.c_uint64()
        while True:
            try:
                size = self.call("wn_fan_read", self._room, len(self._room), kind, lost)
            except Error as error:
                if error.errno != errno.EMSGSIZE or len(self._room) >= abi.WN_LANE_BYTES_MAX:
                    raise
                self._room = ctypes.create_string_buffer(2 * len(self._room))
                continue
            self.lost += lost.value
            self.type = kind.value
            return ctypes.string_at(self._room, size)
