"""A keyring backend for tests, as other packages provide them: a plain file."""

from __future__ import annotations

from pathlib import Path

from keyring.backend import KeyringBackend

STORE = "plain-text-keyring"


class PlainTextKeyring(KeyringBackend):
    """Stores passwords in a file in the home folder."""

    priority = 9

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_password(self, service: str, username: str) -> str | None:
        """Return a stored password."""
        path = Path.home() / STORE
        return path.read_text() if path.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password."""
        (Path.home() / STORE).write_text(password)
