"""Many processes need credentials at the same time. Print the number of failures and the seconds.

python crowd.py PROFILE NUMBER

Imports boto3 once and forks. When all children have a session, they continue together.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import boto3


def main(profile: str, number: str) -> None:
    """Fork, wait until all are ready, let them continue, wait until all have ended."""
    all_ready, ready = os.pipe()
    closed, gate = os.pipe()
    children = []
    for _ in range(int(number)):
        child = os.fork()
        if not child:
            os.close(gate)
            run_child(profile, ready, closed)
        children.append(child)
    os.close(ready)
    os.read(all_ready, 1)
    began = time.perf_counter()
    os.close(gate)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    print(json.dumps({"failed": failed, "seconds": time.perf_counter() - began}))


def run_child(profile: str, ready: int, closed: int) -> None:
    """Run a child process. The end of a pipe is the signal to continue."""
    status = 1
    try:
        credentials: Any = boto3.Session(profile_name=profile).get_credentials()
        os.close(ready)
        os.read(closed, 1)
        credentials.get_frozen_credentials()
        status = 0
    finally:
        os._exit(status)


main(*sys.argv[1:])
