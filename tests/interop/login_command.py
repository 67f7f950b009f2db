"""The command ``sso-plugin login`` as a person runs it, in a process of its own."""

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
    """The command while it waits for approval, and what it told the person before."""

    process: subprocess.Popen[str]
    talk: str

    @classmethod
    def start(cls, stack: ExitStack, *words: str) -> LoginCommand:
        """Start it, and read what it says until it waits."""
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
        talk = ""
        while _WAITS not in talk:
            line = process.stderr.readline()
            assert line, talk
            talk += line
        return cls(process, talk)

    @property
    def page(self) -> str:
        """The address to open."""
        return self._find(r"http://\S+")

    @property
    def code(self) -> str:
        """The code of a device login."""
        return self._find(r"\b[A-Z]{4}-[A-Z]{4}\b")

    @property
    def callback(self) -> str:
        """Where a browser login waits for the browser to come back."""
        return parse_qs(urlsplit(self.page).query)["redirect_uri"][0]

    def finish(self) -> tuple[int, str]:
        """Return its exit status and its last word, without the hour of which that speaks."""
        _, said = self.process.communicate(timeout=30)
        last = said.strip().splitlines()[-1]
        return self.process.returncode, re.sub(r" until [^.]+", "", last)

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.talk)
        assert found, self.talk
        return found[0]
