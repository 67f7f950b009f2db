"""A home directory and what tests do to it; see the fixture ``world``."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.emulator import Emulator, SignIn


@dataclass(frozen=True)
class World:
    """A home directory of a user of the emulator, and what tests do to it."""

    home: Path
    emulator: Emulator

    @property
    def config_file(self) -> Path:
        return self.home / ".aws" / "config"

    def configure(self, text: str) -> None:
        """Write the whole config file."""
        self.config_file.write_text(text, encoding="utf-8")

    def token_file(self, name: str = "corp") -> Path:
        """Return the token file of an sso-session, or of a start URL."""
        return self.home / ".aws/sso/cache" / f"{sha1(name)}.json"

    def role_files(self) -> list[Path]:
        return sorted((self.home / ".aws/cli/cache").glob("*.json"))

    def sign_in(self, user: str = "alice", name: str = "corp", **changes: Any) -> SignIn:
        """Put a token into the cache, as a login with the AWS CLI does."""
        signed_in = self.emulator.sign_in(user)
        file = self.token_file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        document = {**signed_in.cached(), **changes}
        kept = {key: value for key, value in document.items() if value is not None}
        file.write_text(json.dumps(kept), encoding="utf-8")
        return signed_in

    def age_token(self, seconds: float) -> None:
        """Have the token file written that long ago, so that less of its life is left."""
        then = time.time() - seconds
        os.utime(self.token_file(), (then, then))

    def count(self, operation: str) -> int:
        return self.emulator.requests.count(operation)

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script in a process of its own, which has sso_plugin importable."""
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
