"""``sso-plugin serve`` in a process of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.credentials import ContainerProvider
from command import start
from pages import get_credentials

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

__all__ = ["FOR_BOTO3", "CredentialsService"]

FOR_BOTO3 = "" if hasattr(ContainerProvider, "ENV_VAR_AUTH_TOKEN_FILE") else "--token-variable"
"""The option that boto3 needs: old versions do not read a token file."""


class CredentialsService:
    """The command, which is ready; a context manager that stops it."""

    def __init__(self, *words: str, **changes: str) -> None:
        self.process = start("serve", *words, "--format", "json", **changes)
        assert self.process.stdout
        self.variables: dict[str, str] = json.loads(self.process.stdout.read() or "{}")
        self.said: list[str] = []

    def __enter__(self) -> Self:
        self.read_until("Ctrl-C stops.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def read_until(self, text: str) -> str:
        """Read messages until one contains the text, and return that one."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))
            if text in line:
                return self.said[-1]
        raise AssertionError(f"{text!r} is not in {self.said}")

    @property
    def token_file(self) -> str:
        return self.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]

    @property
    def url(self) -> str:
        return self.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]

    def get(self) -> dict[str, Any]:
        """Return the response to a request of an SDK."""
        return get_credentials(self.url, Path(self.token_file).read_text(encoding="utf-8"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)
