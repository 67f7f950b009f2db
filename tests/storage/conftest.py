"""What the tests of the storage share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import other_user
import pytest
from token_home import Reader, TokenHome

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """Start a process that reads files as other users."""
    reader = Reader()
    yield reader
    reader.close()


@pytest.fixture
def home(reader: Reader) -> Iterator[TokenHome]:
    """Create a home folder with a token."""
    with other_user.folder_of(0) as folder:
        yield TokenHome(folder, reader)
