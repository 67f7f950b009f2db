"""Measure what encrypted files cost, from the start of a process to its cached credentials.

With --keyring, also with the key in the keyring of this session, which gets a key if it has none.
"""

from __future__ import annotations

import json
import subprocess
import time
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

from measure import compare, in_turns, parser
from stage import OURS, PAST, STOCK, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 25
KEY = "SSO_PLUGIN_KEY"
MAIN = "import sys; from sso_plugin.cli import main; sys.exit(main())"
PROGRAM = Path(__file__).parent / "programs" / "session.py"

SEALED = "sso_token_cache = sealed\n"
BOTH = f"{SEALED}sso_cache = sealed\n"
PROFILES = {
    "plain": ("in clear text", "sso_token_cache = file\n"),
    "token": ("sealed token, plain roles", f"{SEALED}sso_key = env\n"),
    "env": ("sealed, key in the environment", f"{BOTH}sso_key = env\n"),
    "file": ("sealed, key in a file", f"{BOTH}sso_key = file:~/key\n"),
    "keyring": ("sealed, key in the keyring", f"{BOTH}sso_key = keyring\n"),
}
"""Each has an sso-session of its own, so that each has its own login."""


def main() -> None:
    """Compare sessions, then credential processes."""
    arguments = parser(__doc__)
    arguments.add_argument("--keyring", action="store_true", help="use the keyring of this session")
    chosen = arguments.parse_args()
    names = [name for name in PROFILES if chosen.keyring or name != "keyring"]
    rounds = 1 if chosen.quick else ROUNDS
    with Stage() as stage:
        log_in(stage, names)
        used = {PROFILES[name][0]: use(stage, OURS, name) for name in names}
        used["stock botocore with the AWS CLI's cache"] = use(stage, STOCK, "plain", "cli")
        results = in_turns(used, rounds)
        started = {PROFILES[name][0]: start_command(stage, name) for name in names}
        processes = in_turns(started, rounds)
    compare("Process start to credentials, warm cache", results, "ms")
    compare("sso-plugin credential-process, warm cache", processes, "ms")


def log_in(stage: Stage, names: list[str]) -> None:
    """Write a profile for each name, and a token that its first use renews and seals."""
    text = ""
    folder = stage.home / ".aws/sso/cache"
    folder.mkdir(parents=True)
    for name in names:
        text += stage.emulator.profile(name, session_name=name) + PROFILES[name][1] + "\n"
        document = {**stage.emulator.sign_in().cached(), "expiresAt": PAST}
        key = sha1(name.encode(), usedforsecurity=False).hexdigest()
        (folder / f"{key}.json").write_text(json.dumps(document), encoding="utf-8")
    (stage.home / ".aws/config").write_text(text, encoding="utf-8")


def use(stage: Stage, where: str, profile: str, *more: str) -> Callable[[], float]:
    """Return a function that measures a program with one session."""
    return partial(seconds, stage, [stage.python(where), PROGRAM, profile, "1", *more])


def start_command(stage: Stage, profile: str) -> Callable[[], float]:
    """Return a function that measures a credential process."""
    arguments = ["credential-process", "--profile", profile]
    return partial(seconds, stage, [stage.python(OURS), "-c", MAIN, *arguments])


def seconds(stage: Stage, command: list[str | Path]) -> float:
    """Return how many seconds a program runs."""
    environment = {**stage.environment(), KEY: "c2VhbGVkIHdpdGggYSBrZXkgb2YgMzIgYnl0ZXMhISE="}
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
