"""Jobs with ``sso_login = wait``, each a process of its own, and the command that notifies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from world import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

__all__ = ["Job", "Notifications", "configure_wait"]

_JOB = """
import sys
import boto3, sso_plugin
sso_plugin.enable()
session = boto3.Session(profile_name=sys.argv[1])
client = session.client("sts")
for _ in sys.stdin:
    try:
        print(client.get_caller_identity()["Arn"], flush=True)
    except BaseException as exc:
        print(f"{type(exc).__name__}: {exc}", flush=True)
"""

_NOTIFY = """
import json, os, sys
names = [name for name in os.environ if name.startswith("SSO_PLUGIN_")]
line = json.dumps({name.removeprefix("SSO_PLUGIN_"): os.environ[name] for name in names})
with open(sys.argv[1], "a") as log:
    log.write(line + "\\n")
"""


class Notifications:
    """The command of ``sso_notify``: it notes its environment variables in a file."""

    def __init__(self, folder: Path) -> None:
        self._program, self._log = folder / "notify.py", folder / "notified"
        self._program.write_text(_NOTIFY)
        self._log.touch()

    @property
    def command(self) -> str:
        return f"{sys.executable} {self._program} {self._log}"

    @property
    def received(self) -> list[dict[str, str]]:
        lines = self._log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait(self) -> dict[str, str]:
        """Return the first notification, once there is one."""
        wait_until(lambda: self.received)
        return self.received[0]


def configure_wait(world: World, **keys: str) -> Notifications:
    """Let the profile ``dev`` wait for logins; return what ``sso_notify`` gets."""
    notifications = Notifications(world.home)
    keys = {"sso_login": "wait", "sso_notify": notifications.command, **keys}
    text = "".join(f"{key} = {value}\n" for key, value in keys.items())
    world.configure(world.emulator.profile() + text)
    return notifications


class Job:
    """A process that makes a call for each line of its input."""

    def __init__(self, profile: str = "dev") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _JOB, profile],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self._output = self.process.stdout

    def call(self) -> Job:
        """Make the process start a call, once it is ready."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self

    def result(self) -> str:
        """Return the ARN or the error of a call, once it has ended."""
        return self._output.readline().rstrip("\n")

    def end(self) -> str:
        """End the process, and return what it wrote on standard error."""
        return self.process.communicate(timeout=60)[1]

    def kill(self) -> None:
        """End the process, if it has not ended yet."""
        with self.process:
            self.process.kill()
