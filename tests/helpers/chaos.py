"""A crowd of scripts on one home directory, while everything fails on a fixed schedule.

    python chaos.py [--seconds 60] [--processes 40] [--threads 2] [--seed 1]

Credentials are valid for seconds. Refresh tokens are single-use, and a replay revokes the login.
The portal is slow, unreachable, cut off, invalid and refusing in turn. One process in ten is killed
at a random time and replaced. It prints a report, and exits with 1 if one of these is not true:

- no call failed while valid credentials existed,
- no error of a renewal reached a caller,
- no cache file was ever unreadable,
- the portal got hardly more requests for credentials than one process alone would send.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

import sso_plugin
from sso_plugin.emulator import Emulator, Settings
from sso_plugin.timestamps import parse_timestamp

LIFETIME = 12.0
"""Seconds. A process that is paused for two of them has no expired credentials after that."""
RENEWAL = LIFETIME * 3 / 4
PAUSE = 0.5
"""Seconds between the calls of a thread."""


@dataclass(frozen=True)
class Plan:
    seconds: float
    processes: int
    threads: int
    seed: int


def schedule(plan: Plan) -> list[tuple[float, float, dict[str, Any]]]:
    """Plan the outages of the portal: each is shorter than the renewal window."""
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeatable
    kinds: list[dict[str, Any]] = [
        {"status": 500, "code": "InternalServerException"},
        {"status": 429, "code": "TooManyRequestsException"},
        {"kind": "reset"},
        {"kind": "truncated"},
        {"kind": "cut"},
        {"kind": "page"},
        {"latency": 0.3},
        {"status": 503, "rate": 0.5},
    ]
    planned, at = [], 8.0
    while at < plan.seconds - 8:
        fault = chance.choice(kinds)
        operation = chance.choice(["GetRoleCredentials", "GetRoleCredentials", "CreateToken"])
        planned.append((at, at + 0.8, {"operation": operation, **fault}))
        at += chance.uniform(1, 2.5)
    return planned


def valid_until(home: Path) -> float:
    """Return when the credentials in the cache expire; 0 if there are none."""
    files = home.glob(".aws/cli/cache/*.json")
    held = [json.loads(file.read_text())["Credentials"]["Expiration"] for file in files]
    return max(map(parse_timestamp, held), default=0.0)


def work(sts: Any, report: int, end: float) -> None:
    """Call again and again, and report each failure as BROKEN or excused."""
    home = Path.home()
    while time.time() < end:
        # Before the call: others may renew them while it fails.
        expires_at = valid_until(home)
        try:
            sts.get_caller_identity()
            line = "ok"
        except Exception as exc:  # noqa: BLE001 - each error is counted
            valid = expires_at > time.time() + 1
            line = f"{'BROKEN' if valid or 'Grant' in str(exc) else 'excused'} {exc!r}"
        os.write(report, f"{line}\n".encode())
        time.sleep(PAUSE)


def run_script(plan: Plan, report: int, end: float) -> None:
    """Run one script, with several threads that share a client."""
    sts = boto3.Session(profile_name="dev").client("sts")
    threads = [threading.Thread(target=work, args=(sts, report, end)) for _ in range(plan.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fork(plan: Plan, report: int, end: float) -> int:
    child = os.fork()
    if child == 0:
        try:
            run_script(plan, report, end)
        finally:
            os._exit(0)
    return child


def kill_some(plan: Plan, children: list[int], report: int, end: float) -> int:
    """Kill one process in ten at random times, and replace it; return how many."""
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeatable
    victims = max(1, plan.processes // 10)
    for _ in range(victims):
        time.sleep(chance.uniform(0.2, 0.8) * (plan.seconds - 10) / victims)
        victim = children.pop(chance.randrange(len(children)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        children.append(fork(plan, report, end))
    return victims


def crowd(plan: Plan) -> None:
    """Run the crowd in a process without other threads, and print the counts of its reports."""
    sso_plugin.enable()
    end = time.time() + plan.seconds
    lines, report = os.pipe()
    counts: dict[str, int] = {}

    children = [fork(plan, report, end) for _ in range(plan.processes)]
    reader = os.fork()
    if reader == 0:
        os.close(report)
        with os.fdopen(lines) as stream:
            for line in stream:
                counts[line.strip()] = counts.get(line.strip(), 0) + 1
        sys.stdout.write(json.dumps(counts))
        sys.stdout.flush()
        os._exit(0)
    os.close(lines)
    kill_some(plan, children, report, end)
    for child in children:
        os.waitpid(child, 0)
    os.close(report)
    os.waitpid(reader, 0)


def judge(plan: Plan, counts: dict[str, int], asked: int, seen: Seen) -> bool:
    """Print the report, and return whether everything is as promised."""
    broken = {line: count for line, count in counts.items() if line.startswith("BROKEN")}
    excused = sum(count for line, count in counts.items() if line.startswith("excused"))
    granted, least = len(seen.keys), plan.seconds / RENEWAL
    print(f"calls that succeeded      {counts.get('ok', 0)}")
    print(f"calls that failed         {sum(broken.values())} (and {excused} without credentials)")
    print(f"credentials granted       {granted}, {granted / least:.2f} of what one process needs")
    print(f"requests for them         {asked}, {asked - granted} of them failed")
    print(f"unreadable cache files    {len(seen.unreadable)}")
    for line in [*broken, *seen.unreadable][:10]:
        print(f"  {line}")
    return not broken and not seen.unreadable and granted <= least * 1.1 + 1


@dataclass
class Seen:
    """What a program sees that reads every cache file all the time."""

    keys: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    def watch(self, home: Path, stop: threading.Event) -> None:
        while not stop.wait(0.02):
            for file in home.glob(".aws/*/cache/*.json"):
                self.read(file)

    def read(self, file: Path) -> None:
        try:
            document = json.loads(file.read_text())
        except (OSError, ValueError) as exc:
            self.unreadable.append(f"{file.name}: {exc}")
        else:
            self.keys |= {document.get("Credentials", {}).get("AccessKeyId")} - {None}


def run(plan: Plan) -> bool:
    """Set up a home directory and a portal, run the crowd, and print the report."""
    import subprocess

    settings = Settings(
        role_credentials=LIFETIME, access_token=LIFETIME * 3, refresh_tokens="rotate-strict"
    )
    with Emulator(settings=settings) as emulator, tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / ".aws/sso/cache").mkdir(parents=True)
        (home / ".aws/config").write_text(emulator.profile())
        token = home / ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
        token.write_text(json.dumps(emulator.sign_in("alice").cached()))
        emulator.faults.schedule(schedule(plan))
        seen, stop = Seen(), threading.Event()
        watcher = threading.Thread(target=seen.watch, args=(home, stop))
        watcher.start()
        process = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:]],
            env={**os.environ, **emulator.environment(), "HOME": name, "CHAOS_CROWD": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        stop.set()
        watcher.join()
        asked = emulator.requests.count("GetRoleCredentials")
        return judge(plan, json.loads(process.stdout), asked, seen)


def main() -> int:
    """Run the portal, or the crowd that it starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    plan = Plan(**vars(parser.parse_args()))
    if os.environ.get("CHAOS_CROWD"):
        crowd(plan)
        return 0
    return 0 if run(plan) else 1


if __name__ == "__main__":
    sys.exit(main())
