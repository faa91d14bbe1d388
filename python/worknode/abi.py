# SPDX-License-Identifier: MIT
"""What <linux/worknode.h> and <wn.h> say, as far as this package needs it.

selftests/python holds each number and each struct against the headers.
"""

import ctypes
from ctypes import c_char, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

WN_NAME_BYTES = 64

WN_SQE_ATOMIC = 1 << 1
WN_SQE_IF_VERSION = 1 << 2
WN_SQE_WIDE = 1 << 5

WN_OP_NODE_CREATE = 1
WN_OP_NODE_SET = 5
WN_OP_CELL_CREATE = 16
WN_OP_CELL_UPDATE = 18
WN_OP_EMIT = 32
WN_OP_ACK = 37
WN_OP_NACK = 38

WN_CREATE_ON_DEATH_SHIFT = 4
WN_DEATH_KEEP = 0
WN_DEATH_ORPHAN = 1
WN_DEATH_DESTROY = 2

WN_SET_STATE = 1 << 1
WN_SET_USER = 1 << 5

WN_CELL_ADD = 1
WN_CELL_SUB = 2
WN_CELL_SET = 3
WN_CELL_REMOVE = 4

WN_CELL_GCOUNTER = 1
WN_CELL_PNCOUNTER = 2
WN_CELL_LWW = 3
WN_CELL_ORSET = 4
WN_CELL_ESCROW = 5
WN_CELL_MVREG = 6
WN_CELL_EWFLAG = 7
WN_CELL_ORMAP = 8
WN_CELL_BYTES_MAX = 1024

WN_POLICY_FAIL = 0
WN_POLICY_DROP_OLDEST = 1
WN_POLICY_CONFLATE = 2

WN_SUB_TREE = 1 << 0
WN_SUB_FIELDS = 1 << 1
WN_SUB_CELLS = 1 << 2
WN_SUB_STATE = 1 << 4

WN_EV_USER = 0
WN_EV_DOWN = 1
WN_EV_LOSS = 2
WN_EV_RESCAN = 3
WN_EV_CHANGE = 4
WN_EV_CALL = 5
WN_EV_REPLY = 6
WN_EV_TIMER = 7
WN_EV_LEASE = 8

WN_EV_F_REDELIVERED = 1 << 1

WN_FAN_SEATS = 64
WN_FAN_HOLDS = 1 << 0
WN_FAN_NEWEST = 1 << 0
WN_LANE_BYTES_MAX = 64 << 20

WN_CLASSES = 3
WN_RIGHT_READ = 1 << 0
WN_RIGHT_EMIT = 1 << 1
WN_RIGHT_PRIORITY = 1 << 2
WN_RIGHT_WRITE = 1 << 3
WN_RIGHT_CREATE = 1 << 4
WN_RIGHT_DESTROY = 1 << 5
WN_RIGHT_GRANT = 1 << 6
WN_RIGHT_REVOKE = 1 << 7
WN_RIGHT_ATTACH = 1 << 8
WN_RIGHT_ADMIN = 1 << 9
WN_RIGHT_ALL = 0x3FF

CLIENT_BYTES = 4096
"""Room for a struct wn, which is the library's own."""

LANE_BYTES = 1024
"""And for a struct wn_lane."""


class Sqe(ctypes.Structure):
    """struct wn_sqe"""

    _fields_ = [
        ("opcode", c_uint8),
        ("flags", c_uint8),
        ("cap", c_uint16),
        ("op_flags", c_uint32),
        ("user_data", c_uint64),
        ("node", c_uint64),
        ("arg", c_uint64),
        ("version", c_uint64),
        ("w", c_uint64 * 3),
    ]


class Event(ctypes.Structure):
    """struct wn_event"""

    _fields_ = [
        ("node", c_uint64),
        ("hlc", c_uint64),
        ("trace", c_uint64),
        ("badge", c_uint64),
        ("type", c_uint32),
        ("kind", c_uint8),
        ("priority", c_uint8),
        ("len", c_uint8),
        ("flags", c_uint8),
        ("data", c_uint8 * 24),
    ]


class NodeRec(ctypes.Structure):
    """struct wn_node_rec"""

    _fields_ = [
        ("seq", c_uint32),
        ("flags", c_uint32),
        ("handle", c_uint64),
        ("parent", c_uint64),
        ("version", c_uint64),
        ("hlc", c_uint64),
        ("type", c_uint32),
        ("state", c_uint32),
        ("tags", c_uint64),
        ("owner", c_uint32),
        ("nr_children", c_uint16),
        ("tier", c_uint8),
        ("reserved0", c_uint8),
        ("user", c_uint64 * 4),
        ("first_child", c_uint32),
        ("next", c_uint32),
        ("first_cell", c_uint32),
        ("nr_cells", c_uint32),
        ("created", c_uint64),
        ("moved", c_uint64),
        ("name", c_char * WN_NAME_BYTES),
    ]


class Queue(ctypes.Structure):
    """struct wn_queue"""

    _fields_ = [
        ("lease", c_uint64),
        ("dead", c_uint64),
        ("tries", c_uint32),
        ("credit", c_uint32),
    ]


class CounterSlot(ctypes.Structure):
    """struct wn_counter"""

    _fields_ = [
        ("alive", ctypes.POINTER(c_uint32)),
        ("word", ctypes.POINTER(c_uint64)),
        ("start", c_uint64),
        ("wn", c_void_p),
        ("node", c_uint64),
        ("cell", c_uint64),
    ]


class EscrowSlot(ctypes.Structure):
    """struct wn_escrow"""

    _fields_ = [("slot", CounterSlot), ("limit", c_uint64)]


class CellIt(ctypes.Structure):
    """struct wn_cell_it"""

    _fields_ = [
        ("wn", c_void_p),
        ("node", c_uint64),
        ("cell", c_uint64),
        ("cursor", c_uint64),
        ("out", c_uint32),
        ("room", c_uint32),
        ("count", c_uint32),
        ("at", c_uint32),
        ("err", c_int32),
        ("done", c_uint32),
    ]


class CellItem(ctypes.Structure):
    """struct wn_cell_item"""

    _fields_ = [
        ("key_len", c_uint16),
        ("val_len", c_uint16),
        ("reserved", c_uint32),
        ("value", c_uint64),
    ]


STRUCTS = {
    "wn_sqe": Sqe,
    "wn_event": Event,
    "wn_node_rec": NodeRec,
    "wn_queue": Queue,
    "wn_counter": CounterSlot,
    "wn_escrow": EscrowSlot,
    "wn_cell_it": CellIt,
    "wn_cell_item": CellItem,
}

NUMBERS = {name: value for name, value in globals().items() if name.startswith("WN_")}

_client = c_void_p  # a Client
_lane = c_void_p  # an array of LANE_BYTES
_text = ctypes.c_char_p

FUNCTIONS = {
    # The result, then the arguments, of what is called.
    "wn_open": (ctypes.c_int, [_client, _text, c_void_p]),
    "wn_close": (None, [_client]),
    "wn_reopen": (ctypes.c_int, [_client]),
    "wn_strerror": (_text, [ctypes.c_int]),
    "wn_deadline": (c_uint64, [c_uint64]),
    "wn_domain_create": (ctypes.c_int, [_text, ctypes.c_uint, c_void_p]),
    "wn_domain_remove": (ctypes.c_int, [_text]),
    "wn_do_group": (c_int64, [_client, ctypes.POINTER(Sqe), ctypes.c_uint, c_void_p]),
    "wn_create_as": (c_int64, [_client, c_uint64, _text, c_uint32, c_uint32, c_uint64]),
    "wn_lookup": (c_int64, [_client, c_uint64, _text]),
    "wn_path_lookup": (c_int64, [_client, c_uint64, _text]),
    "wn_destroy": (c_int64, [_client, c_uint64]),
    "wn_set_state": (c_int64, [_client, c_uint64, c_uint32]),
    "wn_set_word": (c_int64, [_client, c_uint64, ctypes.c_uint, c_uint64]),
    "wn_node_read_slow": (ctypes.c_int, [_client, c_uint64, ctypes.POINTER(NodeRec)]),
    "wn_cell_create": (c_int64, [_client, c_uint64, c_uint64, c_uint8, c_uint8]),
    "wn_cell_find": (c_int64, [_client, c_uint64, c_uint64]),
    "wn_cell_add": (c_int64, [_client, c_uint64, c_uint64, c_uint64]),
    "wn_cell_sub": (c_int64, [_client, c_uint64, c_uint64, c_uint64]),
    "wn_cell_put": (c_int64, [_client, c_uint64, c_uint64, c_uint32, _text, ctypes.c_uint,
                              _text, ctypes.c_uint]),
    "wn_cell_get": (c_int64, [_client, c_uint64, c_uint64, _text, ctypes.c_uint, c_void_p,
                              ctypes.c_uint]),
    "wn_cell_has": (c_int64, [_client, c_uint64, c_uint64, _text, ctypes.c_uint]),
    "wn_cell_rights": (c_int64, [_client, c_uint64, c_uint64]),
    "wn_cell_list_begin": (ctypes.c_int, [_client, ctypes.POINTER(CellIt), c_uint64, c_uint64]),
    "wn_cell_list_next": (ctypes.POINTER(CellItem), [ctypes.POINTER(CellIt),
                                                     ctypes.POINTER(c_void_p),
                                                     ctypes.POINTER(c_void_p)]),
    "wn_cell_list_end": (ctypes.c_int, [ctypes.POINTER(CellIt)]),
    "wn_counter_read": (ctypes.c_int, [_client, c_uint64, c_uint64, ctypes.POINTER(c_uint64)]),
    "wn_lww_read": (ctypes.c_int, [_client, c_uint64, c_uint64, c_void_p, ctypes.c_uint,
                                   c_void_p]),
    "wn_counter_attach": (ctypes.c_int, [ctypes.POINTER(CounterSlot), _client, c_uint64,
                                         c_uint64]),
    "wn_counter_detach": (ctypes.c_int, [ctypes.POINTER(CounterSlot),
                                         ctypes.POINTER(c_uint64)]),
    "wn_escrow_attach": (ctypes.c_int, [ctypes.POINTER(EscrowSlot), _client, c_uint64,
                                        c_uint64]),
    "wn_escrow_take": (ctypes.c_int, [ctypes.POINTER(EscrowSlot), c_uint64]),
    "wn_escrow_give": (ctypes.c_int, [ctypes.POINTER(EscrowSlot), c_uint64]),
    "wn_escrow_detach": (ctypes.c_int, [ctypes.POINTER(EscrowSlot), ctypes.POINTER(c_uint64)]),
    "wn_bind": (c_int64, [_client, c_uint64, c_uint32]),
    "wn_unbind": (c_int64, [_client, c_uint64]),
    "wn_emit": (c_int64, [_client, c_uint64, ctypes.c_uint, c_uint32, _text, ctypes.c_uint]),
    "wn_bind_queue": (c_int64, [_client, c_uint64, ctypes.POINTER(Queue)]),
    "wn_ack": (c_int64, [_client, c_uint64, c_uint64]),
    "wn_nack": (c_int64, [_client, c_uint64, c_uint64]),
    "wn_subscribe": (c_int64, [_client, c_uint64, c_uint32, c_uint64]),
    "wn_unsubscribe": (c_int64, [_client, c_uint64]),
    "wn_monitor": (c_int64, [_client, c_uint64, ctypes.c_uint, c_uint64]),
    "wn_timer": (c_int64, [_client, c_uint64, c_uint32, c_uint64, c_uint64, c_uint64]),
    "wn_wait_event": (ctypes.c_int, [_client, ctypes.POINTER(ctypes.POINTER(Event)), c_uint64]),
    "wn_event_seen": (None, [_client]),
    "wn_domain_set_classes": (ctypes.c_int, [_text, ctypes.POINTER(c_uint32)]),
    "wn_fan_make": (ctypes.c_int, [_client, _lane, c_uint64, c_uint32, c_uint32, c_uint32,
                                   c_uint32]),
    "wn_fan_send": (ctypes.c_int, [_lane, _text, c_uint32, c_uint16]),
    "wn_fan_slowest": (ctypes.c_int, [_lane, ctypes.POINTER(c_uint32),
                                      ctypes.POINTER(c_uint64)]),
    "wn_fan_evict": (ctypes.c_int, [_lane, c_uint32]),
    "wn_fan_join": (ctypes.c_int, [_client, _lane, c_uint64, c_uint32, c_uint32]),
    "wn_fan_read": (c_int64, [_lane, c_void_p, c_uint32, ctypes.POINTER(c_uint16),
                              ctypes.POINTER(c_uint64)]),
    "wn_lane_wait": (ctypes.c_int, [_lane, c_uint32, c_uint64]),
    "wn_lane_close": (None, [_lane]),
}

EMBED_FUNCTIONS = {
    "wn_embed_init": (ctypes.c_int, [ctypes.c_uint]),
    "wn_host_start": (ctypes.c_int, [ctypes.POINTER(c_void_p), _text, ctypes.c_uint,
                                     ctypes.c_ulonglong]),
    "wn_host_stop": (None, [c_void_p]),
}


def load(name, functions):
    """The library, its functions declared."""
    lib = ctypes.CDLL(name)
    for function, (result, arguments) in functions.items():
        entry = getattr(lib, function)
        entry.restype = result
        entry.argtypes = arguments
    return lib
