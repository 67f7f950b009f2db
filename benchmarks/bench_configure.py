"""Measure `sso-plugin configure` for many accounts: the first run, and runs after it.

Each run is a process of its own. The request budget is set so high that requests do not wait: with
the usual 20 per second, the roles of 1,000 accounts take 50 seconds more. The ratio is that to
`sso-plugin roles`, which sends the same requests and writes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from measure import duration, parser, table

from sso_plugin.emulator import Emulator, Organization

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = {
    "sso-plugin roles": ["roles"],
    "first run": ["configure", "--yes"],
    "again, no change": ["configure"],
    "another region": ["configure", "--yes", "--region", "eu-west-1"],
    "regions by pattern": ["configure", "--yes", "--region", "*1=us-east-1"],
    "another key": ["configure", "--yes", "--set", "output=json"],
    "other names": ["configure", "--yes", "--prune", "--template", "{account_id}.{role_name}"],
    "process profiles": ["configure", "--yes", "--credential-process"],
    "again, twice the profiles": ["configure"],
    "one account": ["configure", "--no-save", "--account", "account-00001"],
}
"""Words of the command, in this order with the same config file."""

CODE = "import sys; from sso_plugin.cli import main; sys.exit(main())"


def main() -> None:
    """Print a line for each step: its time, its requests, and the lines of its messages."""
    arguments = parser(__doc__)
    arguments.add_argument("--accounts", type=int, default=1000)
    options = arguments.parse_args()
    accounts = 10 if options.quick else options.accounts
    with TemporaryDirectory() as home, Emulator(Organization.generated(accounts)) as portal:
        lines = list(steps(Path(home), portal))
    heads = ("", "time", "ratio", "requests", "lines shown")
    table(f"sso-plugin configure, {accounts} accounts with {2 * accounts} roles", heads, lines)


def steps(home: Path, portal: Emulator) -> Iterator[list[str]]:
    """Run all steps in a home directory. Yield the lines of the table."""
    environ = log_in(home, portal)
    base = 0.0
    for name, words in STEPS.items():
        portal.requests.clear()
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CODE, *words],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - began
        base = base or seconds
        shown = str(done.stderr.count("\n"))
        requests = str(len(portal.requests))
        yield [name, duration(seconds), f"{seconds / base:.2f} x", requests, shown]


def log_in(home: Path, portal: Emulator) -> dict[str, str]:
    """Write the config and a token. Return the environment of the command."""
    tokens = home / ".aws/sso/cache"
    tokens.mkdir(parents=True)
    section = portal.profile().partition("\n[profile")[0]
    text = f"{section}\nsso_requests_per_second = 100000\n"
    (home / ".aws/config").write_text(text, encoding="utf-8")
    key = sha1(b"corp", usedforsecurity=False).hexdigest()
    document = json.dumps(portal.sign_in().cached())
    (tokens / f"{key}.json").write_text(document, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    homes = {"HOME": str(home), "USERPROFILE": str(home)}
    path = os.pathsep.join(each for each in sys.path if each)
    return {**kept, **portal.environment(), **homes, "PYTHONPATH": path}


if __name__ == "__main__":
    main()
