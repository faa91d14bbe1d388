#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""test.py INSTANCE EXAMPLES: the package worknode, on domains in an instance (TAP)."""

import errno
import http.client
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

import worknode
from worknode import Client, Counter, Escrow, Fan, Op, Seat

INSTANCE, EXAMPLES = sys.argv[1:]


class Skip(Exception):
    pass


def equal(want, got):
    if want != got:
        raise AssertionError(f"expected {want!r}, got {got!r}")


def refused(number, function, *args, **named):
    try:
        got = function(*args, **named)
    except worknode.Error as error:
        equal(errno.errorcode[number], errno.errorcode[error.errno])
        return
    raise AssertionError(f"expected {errno.errorcode[number]}, got {got!r}")


def eventually(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("it did not come true")
        time.sleep(0.01)


def test_nodes(client, _):
    node = client.create(0, "a", type=1, state=2, tags=3)
    equal(node, client.node(0, "a"))
    equal(node, client.lookup(0, "a"))
    below = client.node(node, "below")
    equal(below, client.path("/a/below"))
    refused(errno.EEXIST, client.create, 0, "a")
    refused(errno.ENOENT, client.lookup, 0, "none")
    refused(errno.ENAMETOOLONG, client.create, 0, "x" * 64)
    try:
        client.create(0, "a\0b")
        raise AssertionError("a NUL")
    except ValueError:
        pass
    client.set_state(node, 7)
    client.set_word(node, 3, 1 << 63)
    record = client.read(node)
    equal((1, 7, 3, 1 << 63, b"a", 1), (record.type, record.state, record.tags, record.user[3],
                                        record.name, record.nr_children))
    client.destroy(below)
    refused(errno.ESTALE, client.read, below)
    try:
        client.create(0, "a")
    except worknode.Error as error:
        if "'a'" not in str(error) or "taken" not in str(error):
            raise AssertionError(str(error)) from error


def test_cells(client, _):
    node = client.node(0, "cells")
    count = client.cell(node, 1, worknode.WN_CELL_PNCOUNTER)
    equal(count, client.cell(node, 1, worknode.WN_CELL_PNCOUNTER))
    client.add(node, count, 5)
    client.sub(node, count, 2)
    equal(3, client.count(node, count))
    keys = client.cell(node, 2, worknode.WN_CELL_ORSET)
    for key in (b"one", b"t\0wo"):
        client.put(node, keys, worknode.WN_CELL_ADD, key)
    equal([(b"one", b""), (b"t\0wo", b"")], sorted(client.items(node, keys)))
    client.put(node, keys, worknode.WN_CELL_REMOVE, b"one")
    equal((False, True), (client.has(node, keys, b"one"), client.has(node, keys, b"t\0wo")))
    values = client.cell(node, 3, worknode.WN_CELL_ORMAP)
    client.put(node, values, worknode.WN_CELL_SET, b"k", b"v" * 900)
    equal(b"v" * 900, client.get(node, values, b"k"))
    refused(errno.ENOENT, client.get, node, values, b"none")
    text = client.cell(node, 4, worknode.WN_CELL_LWW)
    for value in (b"short", b"long" * 256):
        client.put(node, text, worknode.WN_CELL_SET, value=value)
        equal(value, client.lww(node, text))
    refused(errno.E2BIG, client.put, node, text, worknode.WN_CELL_SET, value=b"x" * 1025)


def test_slots(client, path):
    node = client.node(0, "slots")
    count = client.cell(node, 1, worknode.WN_CELL_GCOUNTER)
    slot = Counter(client, node, count)
    refused(errno.EBUSY, Counter, client, node, count)
    for _ in range(1000):
        slot.add()
    equal(1000, client.count(node, count))
    equal(1000, slot.detach())
    refused(errno.ENXIO, slot.add)
    escrow = client.escrow(node, 2, 3600 * 10**9, 10)
    hand = Escrow(client, node, escrow)
    equal(False, hand.spend())
    hand.take(4)
    equal((True, 1, 6), (hand.spend(3), hand.left, client.rights(node, escrow)))
    refused(errno.EDQUOT, hand.take, 7)
    hand.give(1)
    equal(3, hand.detach())
    equal(7, client.rights(node, escrow))
    # What was mapped is gone: an error, and no fault.
    with Client(path) as other:
        slot = Counter(other, node, count)
        slot.add(5)
    refused(errno.ENXIO, slot.add)
    eventually(lambda: client.count(node, count) == 1005)
    try:
        other.add(node, count)
        raise AssertionError("a closed client did something")
    except ValueError:
        pass


def test_groups(client, _):
    node = client.node(0, "groups")
    count = client.cell(node, 1, worknode.WN_CELL_GCOUNTER)
    client.group(Op.create(node, "x"), Op.add(node, count, 2), Op.set_word(node, 0, 9))
    equal((2, 9), (client.count(node, count), client.read(node).user[0]))
    refused(errno.EEXIST, client.group, Op.add(node, count, 2), Op.create(node, "x"))
    equal(2, client.count(node, count))
    version = client.read(node).version
    refused(errno.EAGAIN, client.group, Op.set_word(node, 0, 1, version=version - 1))
    client.group(Op.set_state(node, 1, version=version))
    refused(errno.EINVAL, client.group)


def test_events(client, _):
    node = client.node(0, "events")
    refused(errno.ENOLINK, client.emit, node, b"x")
    client.bind(node)
    client.emit(node, b"hello", type=3, priority=1)
    event = client.event(10)
    equal((node, b"hello", 3, 1, worknode.WN_EV_USER),
          (event.node, event.data, event.type, event.priority, event.kind))
    equal(None, client.event(0.01))
    refused(errno.EINVAL, client.emit, node, b"x" * 25)
    queue = client.node(0, "queue")
    client.bind_queue(queue, lease=60, credit=1)
    client.emit(queue, struct.pack("=Q", 7))
    for tries in range(3):
        job = client.event(10)
        equal((worknode.WN_EV_LEASE, tries), (job.kind, job.tries))
        client.nack(job)
    job = client.event(10)
    client.ack(job)
    refused(errno.ESTALE, client.ack, job)
    client.subscribe(node, worknode.WN_SUB_FIELDS)
    client.set_state(node, 1)
    equal(worknode.WN_EV_CHANGE, client.event(10).kind)


def need_fans(client):
    """Of who has no fans: ENOTTY."""
    try:
        Fan(client, client.node(0, "fans")).close()
    except worknode.Error as error:
        if error.errno not in (errno.ENOTTY, errno.EOPNOTSUPP):
            raise
        raise Skip("this engine has no fans") from error


def test_fans(client, path):
    need_fans(client)
    node = client.node(0, "fan")
    with Client(path) as other, Fan(client, node, size=16384, seats=2) as fan:
        equal(None, fan.slowest)
        fan.send(b"before", type=7)
        seat = Seat(other, node)
        refused(errno.EEXIST, Seat, other, node)
        equal((b"before", 7, None), (seat.read(), seat.type, seat.read(0.01)))
        fan.send(b"\0" * 9000)
        equal((0, True), (fan.slowest[0], fan.slowest[1] > 9000))
        equal(9000, len(seat.read()))
        refused(errno.E2BIG, fan.send, b"x" * 20000)
        for number in range(5000):
            fan.send(struct.pack("=Q", number))
        got = [struct.unpack("=Q", seat.read())[0]]
        got += [struct.unpack("=Q", data)[0] for data in iter(lambda: seat.read(0), None)]
        equal(list(range(5000 - len(got), 5000)), got)
        equal(got[0], seat.lost)
        fan.evict(0)
        refused(errno.EKEYREVOKED, seat.read, 1)
        seat.close()
        # Its end goes before the client, and both once.
        seat = Seat(other, node, newest=True)
        equal(None, seat.read(0))
        other.close()
        try:
            seat.read()
            raise AssertionError("a closed end read something")
        except ValueError:
            pass
    with Client(path) as other, Fan(client, node, size=4096, holds=True) as fan:
        seat = Seat(other, node)
        sent = 0
        while fan.send(b"x" * 100, timeout=0):
            sent += 1
        equal(True, sent > 20)
        equal([100] * sent, [len(seat.read(1)) for _ in range(sent)])
        equal(True, fan.send(b"last"))
        fan.close()
        equal([b"last"], list(seat))


def test_signals(client, _):
    """They do not end a wait, and their handlers run in it."""
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    equal(None, client.event(0.2))
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    if not seen:
        raise AssertionError("no handler ran")


def in_child(function):
    """Whether it went well there."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    equal(0, os.waitpid(pid, 0)[1])


def test_fork(client, _):
    node = client.node(0, "fork")
    count = client.cell(node, 1, worknode.WN_CELL_GCOUNTER)
    slot = Counter(client, node, count)

    def child():
        refused(errno.EOWNERDEAD, client.add, node, count)
        refused(errno.EOWNERDEAD, slot.add)
        client.reopen()
        refused(errno.ENXIO, slot.add)
        client.add(node, count, 2)
        Counter(client, node, count).add(3)

    in_child(child)
    slot.add()
    eventually(lambda: client.count(node, count) == 6)


def example(name, *args, **named):
    return subprocess.Popen([sys.executable, "-B", os.path.join(EXAMPLES, name), *args], **named)


def run(name, *args):
    """Its exit status and what it said."""
    process = example(name, *args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = process.communicate()[0].decode()
    return process.returncode, out


def test_jobs(client, path):
    for bad in ((), ("add",), ("work", "1"), ("lose",)):
        equal(2, run("jobs.py", path, *bad)[0])
    status, out = run("jobs.py", path + "-none", "add", "1")
    equal((1, True), (status, out.startswith("jobs.py: [Errno 2] no such name")))
    equal((0, "100 added, 0 done, 0 given up, sum 0\n"), run("jobs.py", path, "add", "100"))
    workers = [example("jobs.py", path, "work") for _ in range(3)]
    adds = [example("jobs.py", path, "add", "300", stdout=subprocess.DEVNULL) for _ in range(2)]
    for kills in range(6):
        time.sleep(0.2)
        workers[kills % 3].kill()
        workers[kills % 3].wait()
        workers[kills % 3] = example("jobs.py", path, "work")
    equal([0, 0], [add.wait() for add in adds])
    queue = client.lookup(0, "jobs")
    counts = [client.cell_find(queue, id) for id in (1, 2, 3)]

    def ended():
        equal(0, run("jobs.py", path, "dead")[0])
        return sum(client.count(queue, cell) for cell in counts[:2]) >= 700

    eventually(ended)
    for worker in workers:
        worker.kill()
        worker.wait()
    equal(700, sum(client.count(queue, cell) for cell in counts[:2]))
    equal(700 * 699 // 2, client.count(queue, counts[2]))


def run_as_nobody(on_kernel):
    """Whom nobody trusts, where there are users: of a host all are the owner."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if on_kernel else {}


def news(what, path, **named):
    return example("broadcast.py", path, what, stdout=subprocess.PIPE, **named)


def test_broadcast(client, path):
    need_fans(client)
    for bad in ((), ("sing",), ("hear", "1")):
        equal(2, run("broadcast.py", path, *bad)[0])
    kernel = path.startswith("/")
    if kernel:
        os.chmod(path, 0o666)
    nobody = run_as_nobody(kernel)
    said = [f"line {number}".encode() for number in range(1000)]
    speaker = news("say", path, stdin=subprocess.PIPE)
    eventually(lambda: client.node(0, "broadcast") and client.read(client.lookup(
        0, "broadcast")).nr_children == 1)
    equal((1, True), (lambda out: (out[0], "is taken" in out[1]))(run("broadcast.py", path, "say")))
    early = news("hear", path, **nobody)
    noise = news("scribble", path, **nobody)
    speaker.stdin.write(b"\n".join(said[:500]) + b"\n")
    speaker.stdin.flush()
    # They have their seats.
    equal(b"line 0\n", early.stdout.readline())
    written, windows = re.match(rb"(\d+) of (\d+) windows", noise.stdout.readline()).groups()
    equal(True, 0 < int(written) < int(windows))
    late = news("hear", path, **nobody)
    equal(b"line 0\n", late.stdout.readline())
    speaker.stdin.write(b"\n".join(said[500:]) + b"\n")
    equal(b"1000 lines said\n", speaker.communicate()[0])
    heard = b"\n".join(said[1:]) + b"\n1000 lines heard, 0 lost\n"
    for listener in (early, late):
        out = listener.communicate()[0]
        equal((len(heard), heard[-60:], True), (len(out), out[-60:], heard == out))
    equal(True, noise.communicate()[0].endswith(b" times\n"))
    equal([0] * 4, [process.returncode for process in (speaker, early, late, noise)])


def status_of(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


def answers(port):
    try:
        return status_of(port, "/none") == 404
    except OSError:
        return False


def wrk(port, path):
    """How many passed, how many were refused, in a second."""
    out = subprocess.run(["wrk", "-t1", "-c16", "-d1s", f"http://127.0.0.1:{port}{path}"],
                         check=True, stdout=subprocess.PIPE).stdout.decode()
    refusals = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    bad = int(refusals[1]) if refusals else 0
    return int(re.search(r"(\d+) requests in", out)[1]) - bad, bad


def test_ratelimit(client, path):
    if not shutil.which("wrk"):
        raise Skip("no wrk: apt-get install wrk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for bad in (("x",), ("3",), ("0", "a=1/1"), ("3", "a=x/1")):
        equal(2, run("ratelimit.py", path, str(port), *bad)[0])
    server = example("ratelimit.py", path, str(port), "3", "alice=200/3600000",
                     stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(port))
        # As many as there are. In a slow guest it takes more than a second to ask so often;
        # what is on its way when wrk ends is spent and not counted, one for each connection.
        passed, bad, uncounted = 0, 0, -16
        while not bad and passed <= 200:
            more, bad = wrk(port, "/alice")
            passed += more
            uncounted += 16
        # What others have in hand comes back a moment later.
        for _ in range(20):
            passed += status_of(port, "/alice") == 200
            time.sleep(0.02)
        equal(True, 200 - uncounted <= passed <= 200)
        equal(429, status_of(port, "/alice"))
    finally:
        server.send_signal(signal.SIGTERM)
        equal(0, server.wait())
    node = client.lookup(0, "alice")
    equal(0, client.rights(node, client.cell_find(node, 1)))


def main():
    tests = [(name[5:], test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    print("TAP version 13")
    for number, (name, test) in enumerate(tests, 1):
        path = f"{INSTANCE}/{name}"
        try:
            worknode.domain_create(path)
            try:
                with Client(path) as client:
                    test(client, path)
            finally:
                worknode.domain_remove(path)
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            print("# " + traceback.format_exc().rstrip().replace("\n", "\n# "), flush=True)
    print(f"1..{len(tests)}")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
