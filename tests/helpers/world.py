"""A home directory of a user of the emulator; see the fixture ``world``."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sso_plugin.config.profile import Options
from sso_plugin.storage import Stores
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sso_plugin.emulator import Emulator, SignIn
    from sso_plugin.storage.cache import Cache

__all__ = ["World", "sha1", "start", "wait_until"]


@dataclass(frozen=True)
class World:
    """A home directory of a user of the emulator: its config, its cache files, and programs.

    :param is_sealed: whether its profile and its token file are sealed, with a key in the
        environment.
    """

    home: Path
    emulator: Emulator
    is_sealed: bool = False

    @property
    def config_file(self) -> Path:
        return self.home / ".aws" / "config"

    def configure(self, text: str) -> None:
        """Write the whole config file. Its sso-session gets the options for sealed tokens."""
        if self.is_sealed:
            head = "[sso-session corp]\n"
            text = text.replace(head, f"{head}sso_token_cache = sealed\nsso_key = env\n")
        self.config_file.write_text(text, encoding="utf-8")

    def token_file(self, name: str = "corp") -> Path:
        """Return the token file of an sso-session, or of a start URL."""
        folder = "sso-plugin/sealed/tokens" if self.is_sealed else "sso/cache"
        return self.home / ".aws" / folder / f"{sha1(name)}.json"

    def role_files(self) -> list[Path]:
        return sorted((self.home / ".aws/cli/cache").glob("*.json"))

    def sign_in(self, user: str = "alice", name: str = "corp", **changes: Any) -> SignIn:
        """Write a token file, as a login with the AWS CLI does; None leaves a key out."""
        signed_in = self.emulator.sign_in(user)
        document = {**signed_in.cached(), **changes}
        kept = {key: value for key, value in document.items() if value is not None}
        self._write_token(name, kept)
        return signed_in

    def age_token(self, seconds: float) -> None:
        """Set the date of the token file to that many seconds ago, when its lifetime began."""
        then = time.time() - seconds
        os.utime(self.token_file(), (then, then))

    def change_token(self, **changes: Any) -> None:
        """Change some keys of the token file."""
        if self.is_sealed:
            entry = _sealed_tokens().get(sha1("corp"))
            document = entry.document if entry else {}
        else:
            document = json.loads(self.token_file().read_text(encoding="utf-8"))
        self._write_token("corp", {**document, **changes})

    def _write_token(self, name: str, document: dict[str, Any]) -> None:
        if self.is_sealed:
            _sealed_tokens().put(sha1(name), document)
            return
        file = self.token_file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document), encoding="utf-8")

    def make_credentials_due(self) -> None:
        """Change the only role file: written an hour ago, expires in ten minutes."""
        [file] = self.role_files()
        document = json.loads(file.read_text(encoding="utf-8"))
        document["Credentials"]["Expiration"] = format_timestamp(time.time() + 600)
        file.write_text(json.dumps(document), encoding="utf-8")
        then = time.time() - 3600
        os.utime(file, (then, then))

    def count(self, operation: str) -> int:
        """Return how many requests for an operation the emulator has received."""
        return self.emulator.requests.count(operation)

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script in a process of its own, which can import sso_plugin."""
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def _sealed_tokens() -> Cache:
    return Stores(Options(token_cache="sealed", key="env")).tokens


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a script in a process of its own; its output goes to a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition is true; fail after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds} seconds"
        time.sleep(0.01)


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
