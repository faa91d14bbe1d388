#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""broadcast.py DOMAIN say | hear | scribble

News for whoever wants them, also for those whom nobody trusts. See examples/broadcast.c,
which this is in Python: either may speak, both may listen, and "scribble" is again a
listener that writes noise over all that it has mapped.
"""

import ctypes
import errno
import os
import sys
import time

import worknode

NEWS = "broadcast"
LINE = 1023  # bytes, as there


def say(path, client):
    """Each line of the input, to all who listen."""
    worknode.domain_set_classes(path, worknode.WN_RIGHT_ALL, worknode.WN_RIGHT_READ,
                                worknode.WN_RIGHT_READ)
    node = client.node(0, NEWS)
    # One at a time: it goes with this client.
    client.claim(node, "speaker")
    lines = 0
    with worknode.Fan(client, node) as fan:
        for line in sys.stdin.buffer:
            fan.send(line.rstrip(b"\n")[:LINE])
            lines += 1
    print(lines, "lines said")


def sit_down(client):
    """A seat; where nobody speaks yet, when somebody does."""
    while True:
        try:
            return worknode.Seat(client, client.lookup(0, NEWS))
        except worknode.Error as error:
            if error.errno != errno.ENOENT:
                raise
        time.sleep(0.01)


def hear(seat):
    lines = 0
    for line in seat:
        # Whatever others say, it moves no cursor.
        text = line.decode("ascii", "replace")
        print("".join(c if c.isprintable() else "?" for c in text), flush=True)
        lines += 1
    print(lines, "lines heard,", seat.lost, "lost")


def windows():
    """What this process shares with others: where, and how many bytes."""
    found = set()
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            place, access = line.split()[:2]
            if access[3] == "s":
                begin, end = (int(part, 16) for part in place.split("-"))
                found.add((begin, end - begin))
    return found


def scribble(seat, mine):
    """Noise into each page, again and again: EFAULT comes in place of a signal."""
    read = ctypes.CDLL(None, use_errno=True).read
    read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    read.restype = ctypes.c_ssize_t
    noise = os.open("/dev/urandom", os.O_RDONLY)
    rounds = 0
    while True:
        written = sum(read(noise, *window) > 0 for window in mine)
        if not rounds:
            print(written, "of", len(mine), "windows written to", flush=True)
        rounds += 1
        try:
            # Its own place among them is nonsense by now.
            seat.read(0)
        except worknode.Error:
            break
    print(rounds, "times")


def main(args):
    if len(args) != 2 or args[1] not in ("say", "hear", "scribble"):
        print("usage:", __doc__.splitlines()[0], file=sys.stderr)
        return 2
    path, what = args
    before = windows()
    with worknode.Client(path) as client:
        if what == "say":
            say(path, client)
            return 0
        with sit_down(client) as seat:
            if what == "hear":
                hear(seat)
            else:
                scribble(seat, windows() - before)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"broadcast.py: {error}")
