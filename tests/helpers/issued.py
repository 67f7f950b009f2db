"""The secrets that the emulator issues, and the files that have one of them in clear text."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["SHORTEST_SECRET", "Issued", "exposed", "record_issued"]

SHORTEST_SECRET = 40
"""Characters."""


class Issued:
    """Secrets. The repr does not show them, because frames of the tests are checked too."""

    def __init__(self) -> None:
        self.parts: set[str] = set()

    def pieces(self) -> set[str]:
        """Return a piece of each secret that is in each text of it."""
        return {secret[8:24] for secret in self.parts if len(secret) >= SHORTEST_SECRET}


def record_issued(monkeypatch: pytest.MonkeyPatch) -> Issued:
    """Record every secret that is issued: tokens, keys, codes, verifiers.

    The ``state`` of a login is shorter. It is part of the link that the user sees.
    """
    issued = Issued()
    raw = secrets.token_bytes

    def token_bytes(size: int | None = None) -> bytes:
        content = raw(size)
        issued.parts.add(base64.b64encode(content).decode())
        issued.parts.add(base64.urlsafe_b64encode(content).decode())
        return content

    monkeypatch.setattr("secrets.token_bytes", token_bytes)
    return issued


def exposed(folder: Path, issued: Issued) -> list[str]:
    """Return the files below a folder that have a secret: as text, in base64 or in hexadecimal."""
    forms = {form for piece in issued.pieces() for form in _forms(piece.encode())}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        str(path.relative_to(folder))
        for path in files
        if any(form in content for content in [path.read_bytes()] for form in forms)
    ]


def _forms(piece: bytes) -> list[bytes]:
    # Where a piece begins in a longer text decides how its first and last characters are encoded.
    encoded = [base64.b64encode(b"x" * start + piece)[4:-4] for start in range(3)]
    return [piece, piece.hex().encode(), *encoded]
