#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""host.py SOCKET: domains of this process for others, until it is killed."""

import signal
import sys

import worknode

HOST = worknode.Host(sys.argv[1])
print("ready", flush=True)
signal.pause()
