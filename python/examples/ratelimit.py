#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ratelimit.py DOMAIN PORT WORKERS KEY=RIGHTS/MS...

A web server with forked workers that share rate limits: GET /KEY is answered 200 as long
as there are rights, else 429. See examples/ratelimit.c, which this is in Python: both may
serve the same limits at the same time.
"""

import errno
import http.server
import os
import re
import signal
import sys

import worknode

ESCROW = 1  # the cell's id on its node
TICK = 0.01


class Limit:
    def __init__(self, client, key, rights, ms):
        self.key = key
        self.client = client
        self.node = client.node(0, key)
        self.cell = client.escrow(self.node, ESCROW, ms * 1000000, rights)
        self.hand = None
        self.used = False

    def attach(self):
        """A worker's own."""
        self.hand = worknode.Escrow(self.client, self.node, self.cell)

    def spend(self, workers):
        """One right, after taking a share of what is left: nobody sits on much of it."""
        self.used = True
        while not self.hand.spend():
            left = self.client.rights(self.node, self.cell)
            if not left:
                return False
            try:
                self.hand.take(1 + left // (4 * workers))
            except worknode.Error as error:
                if error.errno != errno.EDQUOT:
                    raise
                # Others were faster: look again.
        return True

    def tick(self):
        """What was not asked for lately is for others."""
        if not self.used and self.hand.left:
            self.hand.give(self.hand.left)
        self.used = False


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        limit = self.server.limits.get(self.path[1:])
        status = 404
        if limit:
            status = 200 if limit.spend(self.server.workers) else 429
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.HTTPServer):
    request_queue_size = 1024

    def service_actions(self):
        for limit in self.limits.values():
            limit.tick()


def work(server, client):
    """A worker, until it is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    client.reopen()
    for limit in server.limits.values():
        limit.attach()
    server.serve_forever(poll_interval=TICK)


def start(server, client):
    pid = os.fork()
    if not pid:
        try:
            work(server, client)
        finally:
            os._exit(1)
    return pid


def stop(*_):
    raise KeyboardInterrupt


def main(args):
    limits = [re.fullmatch(r"([^=/]+)=(\d+)/(\d+)", limit) for limit in args[3:]]
    if not limits or not all(limits) or not args[2].isdigit() or not 0 < int(args[2]) <= 64:
        print(__doc__.splitlines()[0].join(("usage: ", "")), file=sys.stderr)
        return 2
    server = Server(("127.0.0.1", int(args[1])), Handler)
    server.socket.setblocking(False)
    server.workers = int(args[2])
    client = worknode.Client(args[0])
    server.limits = {key: Limit(client, key, int(rights), int(ms))
                     for key, rights, ms in (limit.groups() for limit in limits)}
    signal.signal(signal.SIGTERM, stop)
    pids = {start(server, client) for _ in range(server.workers)}
    try:
        while True:
            # One that is killed is replaced, one that fails ends all.
            pid, status = os.wait()
            pids.discard(pid)
            if not os.WIFSIGNALED(status):
                return 1
            pids.add(start(server, client))
    except KeyboardInterrupt:
        return 0
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for limit in server.limits.values():
            print(f"{limit.key}: {client.rights(limit.node, limit.cell)} rights left")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"ratelimit.py: {error}")
