"""The command ``sso-plugin login`` in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from contextlib import ExitStack

COMMAND = [sys.executable, "-m", "sso_plugin", "login", "--profile", "dev", "--no-browser"]
_WAITS = "Waiting for the approval"


@dataclass(frozen=True)
class LoginCommand:
    """The command while it waits for approval, and its output so far."""

    process: subprocess.Popen[str]
    output: str

    @classmethod
    def start(cls, stack: ExitStack, *words: str) -> LoginCommand:
        """Start it, and read its output until it waits."""
        process = stack.enter_context(
            subprocess.Popen(
                [*COMMAND, *words],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(process.kill)
        assert process.stderr
        output = ""
        while _WAITS not in output:
            line = process.stderr.readline()
            assert line, output
            output += line
        return cls(process, output)

    @property
    def page(self) -> str:
        """The complete link."""
        return self._find(r"http://\S+\?\S+")

    @property
    def code(self) -> str:
        """The code of a device login."""
        return self._find(r"\b[A-Z]{4}-[A-Z]{4}\b")

    @property
    def callback(self) -> str:
        """The address where a browser login waits for the redirect."""
        return parse_qs(urlsplit(self.page).query)["redirect_uri"][0]

    def finish(self) -> tuple[int, str]:
        """Return its exit status and its last line, without the time in it."""
        _, rest = self.process.communicate(timeout=120)
        last = rest.strip().splitlines()[-1]
        return self.process.returncode, re.sub(r" until [^.]+", "", last)

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.output)
        assert found, self.output
        return found[0]
