"""Create a key: one for all processes. Without a lock, each of them would create its own."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from ...printable import one_line
from ..keys import own_key
from ..locks import FileLockUnavailableError, locked
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["creation_lock"]

_TIMEOUT = 30.0
"""Seconds to wait while another process creates the key. It may open a prompt."""


@contextlib.contextmanager
def creation_lock(own_folder: Path, source: str) -> Iterator[None]:
    """Hold the lock under which the key of a source is created or rotated.

    :param own_folder: ``~/.aws/sso-plugin``.
    :param source: identifies the source among those of the user.
    :raises KeyUnavailableError: if the lock cannot be held.
    """
    digest = hashlib.sha1(source.encode(errors="surrogatepass"), usedforsecurity=False)
    name = own_key("key", digest.hexdigest())
    path = own_folder / f"{name}.lock"
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(locked(path, _TIMEOUT, None))
        except FileLockUnavailableError as exc:
            why = one_line(f"{path} cannot be locked: {exc}")
            raise KeyUnavailableError(f"a new key cannot be created, because {why}") from None
        if not held:
            raise KeyUnavailableError(
                f"another process has been creating the key for {_TIMEOUT:.0f} seconds "
                f"({one_line(str(path))})"
            )
        yield
