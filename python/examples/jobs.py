#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""jobs.py DOMAIN add COUNT | work | dead

A queue of jobs that no crash loses anything of. See examples/jobs.c, which this is in
Python: both may work on the same queue. "work" is one worker here: start as many as like.
"""

import errno
import struct
import sys
import time

import worknode
from worknode import Op

LEASE = 10.0
TRIES = 5

# Cells of the queue's node, by id.
DONE, DEAD, SUM = 1, 2, 3


class Jobs:
    def __init__(self, path):
        self.client = client = worknode.Client(path)
        self.dead = client.node(0, "dead")
        self.queue = client.node(0, "jobs")
        self.cells = {id: client.cell(self.queue, id, worknode.WN_CELL_GCOUNTER)
                      for id in (DONE, DEAD, SUM)}
        client.bind_queue(self.dead, lease=LEASE)
        client.bind_queue(self.queue, lease=LEASE, tries=TRIES, dead=self.dead)

    def add(self):
        """The next number is taken and its job is in the queue: both or neither."""
        while True:
            record = self.client.read(self.queue)
            number = record.user[0]
            try:
                self.client.group(Op.set_word(self.queue, 0, number + 1, version=record.version),
                                  Op.emit(self.queue, struct.pack("=Q", number)))
                return
            except worknode.Error as error:
                # Somebody else took that number: the next. Full: wait for workers.
                if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                    raise
                time.sleep(0.001)

    def finish(self, job, how):
        """The job has ended, and that is counted: both or neither."""
        number, = struct.unpack("=Q", job.data)
        self.client.group(Op.ack(job), Op.add(self.queue, self.cells[how]),
                          Op.add(self.queue, self.cells[SUM], number))

    def consume(self, queue, how, patience):
        self.client.bind_queue(queue, credit=1)
        while job := self.client.event(patience):
            if how == DEAD:
                print("job", *struct.unpack("=Q", job.data), "was given up")
            try:
                self.finish(job, how)
            except worknode.Error as error:
                # It took longer than the lease: another has it by now, and we did nothing.
                if error.errno != errno.ESTALE:
                    raise

    def __str__(self):
        counts = [self.client.count(self.queue, cell) for cell in self.cells.values()]
        return "{} added, {} done, {} given up, sum {}".format(
            self.client.read(self.queue).user[0], *counts)


def main(args):
    if len(args) == 3 and args[1] == "add" and args[2].isdigit():
        jobs = Jobs(args[0])
        for _ in range(int(args[2])):
            jobs.add()
    elif len(args) == 2 and args[1] in ("work", "dead"):
        jobs = Jobs(args[0])
        if args[1] == "work":
            jobs.consume(jobs.queue, DONE, None)
        else:
            jobs.consume(jobs.dead, DEAD, 0.1)
    else:
        print("usage:", __doc__.splitlines()[0], file=sys.stderr)
        return 2
    print(jobs)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"jobs.py: {error}")
