# SPDX-License-Identifier: MIT
"""A client of a domain."""

import ctypes
import errno
import struct
import weakref

from . import abi
from .hosts import prepared
from .libwn import Error, check, lib, text
from .ops import Event, Op


class Client:
    """One open of a domain. Nodes and cells are named by handles; node 0 is the root."""

    def __init__(self, path):
        self._wn = (ctypes.c_uint64 * (abi.CLIENT_BYTES // 8))()
        self._open = False
        self.life = 0   # grows when what is mapped goes
        self.ends = weakref.WeakSet()   # of fans, which end before it
        check(lib.wn_open(self._wn, prepared(path), None), path)
        self._open = True

    @property
    def _as_parameter_(self):
        if not self._open:
            raise ValueError("the client is closed")
        return self._wn

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, function, *args, what=None):
        """One of libwn's functions that begin with a client."""
        if not self._open:
            raise ValueError("the client is closed")
        return check(getattr(lib, function)(self._wn, *args), what)

    def close(self):
        """Twice is once."""
        if self._open:
            self._end()
            self._open = False
            lib.wn_close(self._wn)

    def __del__(self):
        if lib is not None and getattr(self, "_open", False):
            self.close()

    def reopen(self):
        """A client of this process's own, in a forked child or after ESHUTDOWN."""
        self._end()
        self.call("wn_reopen")

    def _end(self):
        """What was mapped goes."""
        self.life += 1
        for end in list(self.ends):
            end.close()

    # Nodes

    def create(self, parent, name, type=0, state=0, tags=0):
        return self.call("wn_create_as", parent, text(name), type, state, tags, what=name)

    def lookup(self, parent, name):
        return self.call("wn_lookup", parent, text(name), what=name)

    def path(self, path):
        return self.call("wn_path_lookup", 0, text(path), what=path)

    def node(self, parent, name):
        """The node of that name, made if it is not there."""
        return self._found(lambda: self.lookup(parent, name), lambda: self.create(parent, name))

    def claim(self, parent, name):
        """A node that goes with this client; Error EEXIST: somebody has it."""
        self.group(Op.create(parent, name, on_death=abi.WN_DEATH_DESTROY))
        return self.lookup(parent, name)

    def destroy(self, node):
        self.call("wn_destroy", node)

    def set_state(self, node, state):
        return self.call("wn_set_state", node, state)

    def set_word(self, node, n, value):
        return self.call("wn_set_word", node, n, value)

    def read(self, node):
        """Its record: the fields of struct wn_node_rec."""
        record = abi.NodeRec()
        self.call("wn_node_read_slow", node, record)
        return record

    def group(self, *ops):
        """All of them, or none."""
        slots = [slot for op in ops for slot in op.slots]
        self.call("wn_do_group", (abi.Sqe * len(slots))(*slots), len(slots), None)

    # Cells

    def cell_create(self, node, id, type, flags=0):
        return self.call("wn_cell_create", node, id, type, flags)

    def cell_find(self, node, id):
        return self.call("wn_cell_find", node, id)

    def cell(self, node, id, type, flags=0):
        """The node's cell of that id, made if it is not there."""
        return self._found(lambda: self.cell_find(node, id),
                           lambda: self.cell_create(node, id, type, flags))

    def escrow(self, node, id, ns, rights):
        """The same of an escrow with so many rights each ns, which begins with them."""
        def make():
            words = struct.pack("=3Q", ns, rights, rights)
            self.group(Op(abi.WN_OP_CELL_CREATE, node, op_flags=abi.WN_CELL_ESCROW,
                          w=(id, 0, 0), data=words))
            cell = self.cell_find(node, id)
            self.add(node, cell, rights)
            return cell
        return self._found(lambda: self.cell_find(node, id), make)

    def add(self, node, cell, n=1):
        return self.call("wn_cell_add", node, cell, n)

    def sub(self, node, cell, n=1):
        return self.call("wn_cell_sub", node, cell, n)

    def count(self, node, cell):
        """A counter's value, or what is left of an escrow, with all that is in slots."""
        value = ctypes.c_uint64()
        self.call("wn_counter_read", node, cell, value)
        return value.value

    def rights(self, node, cell):
        return self.call("wn_cell_rights", node, cell)

    def put(self, node, cell, how, key=b"", value=b""):
        """how: WN_CELL_ADD, WN_CELL_SET, WN_CELL_REMOVE."""
        return self.call("wn_cell_put", node, cell, how, key, len(key), value, len(value))

    def get(self, node, cell, key):
        """The value at a key of a map."""
        value = ctypes.create_string_buffer(abi.WN_CELL_BYTES_MAX)
        size = self.call("wn_cell_get", node, cell, key, len(key), value, len(value))
        return value.raw[:size]

    def has(self, node, cell, key):
        return self.call("wn_cell_has", node, cell, key, len(key)) == 1

    def items(self, node, cell):
        """The keys and values of a set or map, as a list of pairs."""
        it, key, value, found = abi.CellIt(), ctypes.c_void_p(), ctypes.c_void_p(), []
        self.call("wn_cell_list_begin", it, node, cell)
        while item := lib.wn_cell_list_next(it, key, value):
            found.append((ctypes.string_at(key, item.contents.key_len),
                          ctypes.string_at(value, item.contents.val_len)))
        check(lib.wn_cell_list_end(it))
        return found

    def lww(self, node, cell):
        """An lww's value."""
        value = ctypes.create_string_buffer(abi.WN_CELL_BYTES_MAX)
        size = self.call("wn_lww_read", node, cell, value, len(value), None)
        return value.raw[:size]

    # Events

    def bind(self, node, policy=abi.WN_POLICY_FAIL):
        self.call("wn_bind", node, policy)

    def unbind(self, node):
        self.call("wn_unbind", node)

    def emit(self, node, data=b"", type=0, priority=0):
        self.call("wn_emit", node, priority, type, data, len(data))

    def bind_queue(self, node, lease=0, tries=0, dead=0, credit=0):
        """Take part in a work queue, which is made if there is none; lease in seconds."""
        self.call("wn_bind_queue", node, abi.Queue(int(lease * 1e9), dead, tries, credit))

    def ack(self, event):
        self.call("wn_ack", event.node, event.hlc)

    def nack(self, event):
        self.call("wn_nack", event.node, event.hlc)

    def subscribe(self, node, what, trace=0):
        return self.call("wn_subscribe", node, what, trace)

    def unsubscribe(self, subscription):
        self.call("wn_unsubscribe", subscription)

    def monitor(self, node, priority=0, trace=0):
        return self.call("wn_monitor", node, priority, trace)

    def event(self, timeout=None):
        """The next one; None if none came in so many seconds. Signal handlers run."""
        deadline = 0 if timeout is None else lib.wn_deadline(int(timeout * 1e9))
        at = ctypes.POINTER(abi.Event)()
        while True:
            try:
                self.call("wn_wait_event", at, deadline)
            except Error as error:
                if error.errno == errno.ETIME:
                    return None
                if error.errno != errno.EINTR:
                    raise
                continue
            event = Event(at.contents)
            lib.wn_event_seen(self)
            return event

    @staticmethod
    def _found(find, make):
        try:
            return find()
        except Error as error:
            if error.errno != errno.ENOENT:
                raise
        try:
            return make()
        except Error as error:
            # Somebody was faster.
            if error.errno != errno.EEXIST:
                raise
        return find()
