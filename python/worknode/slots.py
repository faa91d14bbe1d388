# SPDX-License-Identifier: MIT
"""Counting and spending in a word of the client's own page (see wn_slot.h)."""

import ctypes
import errno

from . import abi
from .libwn import Error, check, lib

_WORD = (1 << 64) - 1


class _Slot:
    """One that is attached. Its struct stays where it is until that is over."""

    def __init__(self, client, at, slot):
        self._client, self._life, self._at, self._slot = client, client.life, at, slot

    def _word(self):
        """Where to store; Error where there is nothing any more to store to."""
        if self._life != self._client.life or not self._slot.alive:
            raise Error(errno.ENXIO)
        if not self._slot.alive[0]:
            raise Error(errno.EOWNERDEAD)
        return self._slot.word

    def _add(self, n):
        # One 64-bit store by the only writer: nobody sees half of it.
        word = self._word()
        word[0] = (word[0] + n) & _WORD

    def _detach(self, function):
        counted = ctypes.c_uint64()
        self._word()
        check(function(self._at, counted))
        return counted.value


class Counter(_Slot):
    """A counter that this client adds to without asking anybody."""

    def __init__(self, client, node, cell):
        at = abi.CounterSlot()
        check(lib.wn_counter_attach(at, client, node, cell))
        super().__init__(client, at, at)

    def add(self, n=1):
        self._add(n)

    def detach(self):
        """What was added by it, and counts."""
        return self._detach(lib.wn_counter_detach)


class Escrow(_Slot):
    """Rights of an escrow in this client's hand."""

    def __init__(self, client, node, cell):
        at = abi.EscrowSlot()
        check(lib.wn_escrow_attach(at, client, node, cell))
        super().__init__(client, at, at.slot)

    @property
    def left(self):
        return (self._at.limit - self._word()[0]) & _WORD

    def take(self, n):
        self._word()
        check(lib.wn_escrow_take(self._at, n))

    def give(self, n):
        self._word()
        check(lib.wn_escrow_give(self._at, n))

    def spend(self, n=1):
        """False: not so many are in hand."""
        if self.left < n:
            return False
        self._add(n)
        return True

    def detach(self):
        """All that is unspent goes back; what was spent by it."""
        return self._detach(lib.wn_escrow_detach)
