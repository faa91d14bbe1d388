# SPDX-License-Identifier: MIT
"""What goes into groups, and what comes to the inbox."""

import ctypes

from . import abi
from .libwn import text


class Event:
    """What came to the inbox: fields as in struct wn_event, data as long as it is."""

    def __init__(self, raw):
        self.node, self.hlc, self.trace, self.badge = raw.node, raw.hlc, raw.trace, raw.badge
        self.type, self.kind, self.priority, self.flags = (raw.type, raw.kind, raw.priority,
                                                           raw.flags)
        self.data = bytes(raw.data[:raw.len])

    @property
    def tries(self):
        """Of a lease: those that ended before it without an ack."""
        return self.flags >> 4


class Op:
    """One op of a group. The static functions make them."""

    def __init__(self, opcode, node, data=None, version=None, **fields):
        self.slots = [abi.Sqe(opcode=opcode, node=node)]
        sqe = self.slots[0]
        for name, value in fields.items():
            if name == "w":
                sqe.w[:] = value
            else:
                setattr(sqe, name, value)
        if version is not None:
            sqe.flags |= abi.WN_SQE_IF_VERSION
            sqe.version = version
        if data is not None:
            if len(data) > ctypes.sizeof(abi.Sqe):
                raise ValueError("more than 64 bytes do not go into a slot")
            sqe.flags |= abi.WN_SQE_WIDE
            self.slots.append(abi.Sqe.from_buffer_copy(data.ljust(ctypes.sizeof(abi.Sqe), b"\0")))

    @staticmethod
    def create(parent, name, version=None, on_death=abi.WN_DEATH_KEEP):
        return Op(abi.WN_OP_NODE_CREATE, parent, data=text(name), version=version,
                  op_flags=on_death << abi.WN_CREATE_ON_DEATH_SHIFT)

    @staticmethod
    def set_state(node, state, version=None):
        return Op(abi.WN_OP_NODE_SET, node, op_flags=abi.WN_SET_STATE, w=(state << 32, 0, 0),
                  version=version)

    @staticmethod
    def set_word(node, n, value, version=None):
        return Op(abi.WN_OP_NODE_SET, node, op_flags=abi.WN_SET_USER | (n & 3) << 8, arg=value,
                  version=version)

    @staticmethod
    def add(node, cell, n=1):
        return Op(abi.WN_OP_CELL_UPDATE, node, arg=cell, op_flags=abi.WN_CELL_ADD, w=(n, 0, 0))

    @staticmethod
    def sub(node, cell, n=1):
        return Op(abi.WN_OP_CELL_UPDATE, node, arg=cell, op_flags=abi.WN_CELL_SUB, w=(n, 0, 0))

    @staticmethod
    def emit(node, data=b"", type=0, priority=0):
        return Op(abi.WN_OP_EMIT, node, data=data, op_flags=priority | len(data) << 8,
                  w=(type, 0, 0))

    @staticmethod
    def ack(event):
        return Op(abi.WN_OP_ACK, event.node, arg=event.hlc)
