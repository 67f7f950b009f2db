"""A home folder with a token, whose owners and modes a test sets, and which any user can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from other_user import USER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BECOME",
    "BUILDER",
    "DOCUMENT",
    "GROUP",
    "READ",
    "Reader",
    "TokenHome",
    "give",
    "outcome_of",
]

BUILDER = 65532
"""A user that is neither the reader nor an attacker."""

GROUP = 65531
DOCUMENT = {"accessToken": "right"}

BECOME = """
import os, tempfile
from caches import file_cache
from sso_plugin.storage import cache, locks, memory_cache, trust, unwritable, writing
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
"""
"""Code that becomes a user, who may not be able to read our modules: it imports them first.

It imports the modules of the storage only, which takes less time than `other_user.BECOME`.
"""

_DEFINITIONS = """
import grp, json, logging, os, pwd, sys, tempfile, traceback
from pathlib import Path
from botocore.utils import JSONFileCache
from sso_plugin.storage import modes, trust, folder
from caches import file_cache

messages = []

class Handler(logging.Handler):
    def emit(self, record):
        messages.append(record.getMessage())

def outcome(uid, gid, groups, home, root, times):
    logging.getLogger("sso_plugin").addHandler(Handler())
    if root:
        os.chroot(root)
    os.environ["HOME"] = home
    os.setgroups(groups)
    os.setgid(gid)
    os.setuid(uid)
    folder = Path(home) / ".aws/sso/cache"
    entries = [file_cache(folder).get("token") for _ in range(times)]
    return {
        "ours": [entry and entry.document for entry in entries],
        "stock": JSONFileCache(str(folder))["token"],
        "why_unusable": file_cache(folder).why_unusable("token"),
        "messages": messages,
    }
"""

READ = f"{_DEFINITIONS}print(json.dumps(outcome(*json.loads(sys.argv[1]))))"
"""A program that reads the token as a user, with our cache and with that of stock botocore."""

_SERVE = f"""{_DEFINITIONS}
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            done = outcome(*json.loads(line))
        except BaseException:
            done = dict(error=traceback.format_exc())
        print(json.dumps(done), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


class Reader:
    """A process that forks a child for each reading. To start Python each time takes longer."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, given: list[Any]) -> dict[str, Any]:
        """Return the outcome of one reading."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(given)}\n")
        self._process.stdin.flush()
        return checked(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


class TokenHome:
    """A home folder with a token, as another machine, image or volume may have it."""

    def __init__(self, folder: Path, reader: Reader) -> None:
        self._reader = reader
        self.path = folder / "home"
        self.aws = self.path / ".aws"
        self.folder = self.aws / "sso/cache"
        self.token = self.folder / "token.json"
        self.folder.mkdir(parents=True)
        self.token.write_text(json.dumps(DOCUMENT))
        self.token.chmod(0o600)
        self.outside = folder / "outside"
        self.outside.mkdir()
        self.give_to(USER)

    def give_to(self, uid: int, mode: int | None = None) -> None:
        for path in (self.path, *self.path.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        os.chown(self.outside, uid, uid)
        if mode is not None:
            self.token.chmod(mode)

    def read(
        self,
        uid: int = USER,
        *,
        gid: int | None = None,
        groups: tuple[int, ...] = (),
        home: str | None = None,
        root: str = "",
        times: int = 1,
    ) -> dict[str, Any]:
        """Read the token as a user, with our cache and with that of stock botocore."""
        gid = uid if gid is None else gid
        return self._reader.read([uid, gid, list(groups), home or str(self.path), root, times])


def outcome_of(command: list[str]) -> dict[str, Any]:
    """Run a command that ends in `READ`, and return what it prints."""
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return checked(json.loads(done.stdout))


def checked(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome in which stock botocore has read the token."""
    assert "error" not in outcome, outcome["error"]
    assert outcome["stock"] == DOCUMENT
    return outcome


def give(path: Path, uid: int, mode: int, gid: int | None = None) -> None:
    """Set the owner, the group and, except for a link, the mode."""
    os.chown(path, uid, uid if gid is None else gid, follow_symlinks=False)
    if not path.is_symlink():
        path.chmod(mode)
