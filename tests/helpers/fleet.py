"""Several homes, each in place of a machine, beside one emulator and one store.

The first home is that of `world` and of the process of the test.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from caches import KEY
from world import sha1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis_server import RedisServer
    from world import World

__all__ = ["SEALED", "Crowd", "Ended", "Fleet", "new_key"]

SEALED = {"sso_token_cache": "sealed", "sso_cache": "sealed", "sso_key": "env"}
"""Options of workers whose files are sealed."""

_SHORT = 3.0
"""The lifetime of a token that is to expire, in seconds. A login takes less."""

_LOG_IN = """
import sys
import sso_plugin
def show(prompt):
    print(prompt.user_code, flush=True)
sso_plugin.login(sys.argv[1], flow="device", force=True, show=show, open_browser=None)
"""

_PROGRAM = Path(__file__).with_name("fleet_crowd.py")


def new_key() -> str:
    """Return a key for a store."""
    return base64.b64encode(os.urandom(32)).decode()


class Ended(NamedTuple):
    """What a crowd has printed: the home and the result of each worker, and messages."""

    workers: list[tuple[str, str]]
    stderr: str

    @property
    def results(self) -> list[str]:
        return [result for _, result in self.workers]


class Crowd:
    """Workers that were started together, each on one of the homes in turn."""

    def __init__(self, plan: dict[str, Any], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, _PROGRAM, json.dumps(plan)],
            env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self._first = ""

    def wait_for_release(self) -> None:
        """Wait until the workers begin."""
        self._first = self._output.readline()

    def end(self, seconds: float = 180) -> Ended:
        """Wait for all workers, and return what they have printed."""
        try:
            stdout, stderr = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        lines = [json.loads(line) for line in (self._first + stdout).splitlines()]
        assert lines[:1] == [["", "released"]], stderr
        return Ended([(home, result) for home, result in lines[1:]], stderr)

    def kill(self) -> None:
        """Kill all workers. Those that are stopped end, too."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.communicate()


class Fleet:
    """Homes with one config, one key of the store, and one address of it."""

    def __init__(
        self, world: World, server: RedisServer, monkeypatch: pytest.MonkeyPatch, number: int = 2
    ) -> None:
        self.world = world
        self.emulator = world.emulator
        self.emulator.settings.poll_interval = 0
        self.server = server
        self.key_file = world.home.parent / "store-key"
        self.key_file.write_text(f"{new_key()}\n")
        self.key_file.chmod(0o600)
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(self.key_file))
        monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
        self.homes = [world.home]
        self._config = ""
        self._crowds: list[Crowd] = []
        self.configure()
        self.add_homes(number - 1)

    def configure(self, more: str = "", **keys: str) -> None:
        """Write the config file of all homes.

        :param more: further profiles.
        :param keys: keys of the sso-session; ``sso_store`` is the server unless given.
        """
        head = "[sso-session corp]\n"
        keys = {"sso_store": self.server.url, **keys}
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        self._config = self.emulator.profile().replace(head, head + lines) + more
        for home in self.homes:
            self._write_config(home)

    def add_homes(self, number: int) -> list[Path]:
        """Add empty homes with the config file, and return them."""
        first = len(self.homes)
        added = [self.world.home.parent / f"host-{each}" for each in range(first, first + number)]
        for home in added:
            (home / ".aws").mkdir(parents=True)
            self._write_config(home)
        self.homes += added
        return added

    def log_in(
        self,
        user: str = "alice",
        *,
        profile: str = "dev",
        home: Path | None = None,
        expired: bool = False,
    ) -> None:
        """Log a user in, in a process of its own, as a person does.

        :param home: the first one if None.
        :param expired: whether to wait until the access token has expired. Its refresh token and
            all later access tokens are valid.
        """
        settings = self.emulator.settings
        lifetime = settings.access_token
        if expired:
            settings.access_token = _SHORT
        program = self.start(home or self.homes[0], _LOG_IN, profile)
        assert program.stdout is not None
        self.emulator.approve(program.stdout.readline().strip(), user)
        _, stderr = program.communicate(timeout=60)
        assert program.returncode == 0, stderr
        settings.access_token = lifetime
        if expired:
            end = time.time() + _SHORT
            time.sleep(max(0, end - time.time()))
        self.emulator.requests.clear()

    def start_crowd(
        self, number: int, *, homes: list[Path] | None = None, before: str = "", **plan: Any
    ) -> Crowd:
        """Start processes that are released together, on all homes or on these, in turn.

        :param before: code that runs before they are forked; ``plan`` is a variable of it.
        :param plan: ``calls`` are names of functions in `fleet_crowd`, ``offsets`` seconds by which
            clocks are wrong; both in turn, too.
        """
        defaults = {"calls": ["user"], "offsets": [], "profile": "dev"}
        used = [str(home) for home in homes or self.homes]
        whole = {**defaults, **plan, "number": number, "homes": used, "before": before}
        crowd = Crowd(whole, dict(os.environ))
        self._crowds.append(crowd)
        return crowd

    def crowd(self, number: int, **options: Any) -> list[str]:
        """Return the result of each worker of `start_crowd`. None has printed a message."""
        ended = self.start_crowd(number, **options).end()
        assert ended.stderr == ""
        return ended.results

    @staticmethod
    def variables(home: Path) -> dict[str, str]:
        """Return the variables that differ between homes."""
        return {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "AWS_CONFIG_FILE": str(home / ".aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        }

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a process of a home."""
        return {**os.environ, **self.variables(home), "PYTHONPATH": os.pathsep.join(sys.path)}

    def start(self, home: Path, code: str, *arguments: object) -> subprocess.Popen[str]:
        """Start a script on a home; its output goes to a pipe."""
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=self.environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, home: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script on a home."""
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**self.environment(home), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def counts(self) -> tuple[int, int]:
        """Return the numbers of CreateToken and of GetRoleCredentials since the login."""
        return self.world.count("CreateToken"), self.world.count("GetRoleCredentials")

    def spent_twice(self) -> int:
        """Return how many requests to renew the token were refused."""
        return self.emulator.requests.count("CreateToken", status=400)

    def token_file(self, home: Path) -> Path:
        """Return the plain token file of a home."""
        return home / ".aws/sso/cache" / f"{sha1('corp')}.json"

    @contextlib.contextmanager
    def person_at(self, home: Path) -> Iterator[None]:
        """Let the process of the test use another home: a person logs in or out there."""
        folder = str(home / ".aws/sso/cache")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.variables(home).items():
                patch.setenv(name, value)
            for provider in (SSOProvider, SSOTokenProvider):
                patch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", folder)
            yield

    def close(self) -> None:
        """Kill all processes of crowds that have not ended."""
        for crowd in self._crowds:
            crowd.kill()

    def _write_config(self, home: Path) -> None:
        (home / ".aws/config").write_text(self._config, encoding="utf-8")
