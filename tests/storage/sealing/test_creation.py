"""The lock under which a key is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.storage.locks import locked
from sso_plugin.storage.sealing import creation
from sso_plugin.storage.sealing.creation import creation_lock
from sso_plugin.storage.sealing.key_source import KeyUnavailableError

if TYPE_CHECKING:
    from pathlib import Path


def lock_files(folder: Path) -> list[Path]:
    """Return the lock files of keys."""
    return sorted(folder.glob("key-*.lock"))


def test_each_source_has_a_lock_of_its_own(own_folder: Path) -> None:
    """It is not deleted. Its name does not depend on the length of a path."""
    with creation_lock(own_folder, "keyring"), creation_lock(own_folder, "/" + "x" * 4000):
        assert len(lock_files(own_folder)) == 2
    assert len(lock_files(own_folder)) == 2


def test_a_lock_that_stays_held_is_an_error(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key must not be created meanwhile. The message names the lock."""
    monkeypatch.setattr(creation, "_TIMEOUT", 0.01)
    with creation_lock(own_folder, "keyring"):
        path = lock_files(own_folder)[0]
        with (
            pytest.raises(KeyUnavailableError, match=rf"^another process .+ \({path}\)$"),
            creation_lock(own_folder, "keyring"),
        ):
            pytest.fail("the lock was held twice")
    with locked(path, 0, None) as held:
        assert held


def test_without_a_lock_no_key_is_created(own_folder: Path) -> None:
    """Two processes could create two keys."""
    own_folder.parent.mkdir()
    own_folder.touch()
    with (
        pytest.raises(
            KeyUnavailableError, match=r"^a new key cannot be created, because .+\.lock "
        ),
        creation_lock(own_folder, "keyring"),
    ):
        pytest.fail("there was no lock")
