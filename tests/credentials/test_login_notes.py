"""The notes about a login: who the user is, and that its end was announced."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from caches import own_cache
from crowd import run_together
from quick_login import login
from world import wait_until

import sso_plugin
from sso_plugin.credentials.login_notes import LoginNotes
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


ROLE = ("111111111111", "AdministratorAccess")


@pytest.fixture
def notes() -> LoginNotes:
    return LoginNotes(MemoryCache(), "token")


def test_the_user_of_a_login_is_kept(notes: LoginNotes) -> None:
    """Until there is another login, or the notes are cleared."""
    assert notes.user_of("first") is None
    notes.note_user("first", "alice", ROLE)
    assert notes.user_of("first") == "alice"
    assert notes.user_of("second") is None
    notes.note_user("second", "bob", ROLE)
    assert (notes.user_of("first"), notes.user_of("second")) == (None, "bob")
    notes.clear()
    assert notes.user_of("second") is None


def test_the_end_of_a_login_is_announced_once(notes: LoginNotes) -> None:
    """A new login is announced again. The user stays known."""
    notes.note_user("first", "alice", ROLE)
    assert [notes.note_warning("first") for _ in range(3)] == [True, False, False]
    assert notes.user_of("first") == "alice"
    notes.note_user("first", "alice", ROLE)
    assert not notes.note_warning("first")
    assert [notes.note_warning("second") for _ in range(2)] == [True, False]


def test_one_of_many_processes_announces_it(tmp_path: Path, world: World) -> None:
    """They share the file."""
    world.sign_in()

    def note(number: int) -> None:
        if LoginNotes(own_cache(), "a" * 40).note_warning("login"):
            (tmp_path / f"won-{number}").touch()

    run_together([functools.partial(note, number) for number in range(5)])
    assert len(list(tmp_path.glob("won-*"))) == 1


def test_while_another_process_holds_the_lock_nothing_is_noted(
    notes: LoginNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That process announces it."""
    monkeypatch.setattr("sso_plugin.credentials.login_notes._LOCK_TIMEOUT", 0.0)
    with notes._cache.locked("notes-token"):
        assert not notes.note_warning("login")
    assert notes.note_warning("login")


@pytest.mark.parametrize(
    "document",
    [
        {"user": "alice"},
        {"login": ["login"], "user": "alice"},
        {"login": "login", "user": 7},
        {"login": "login", "user": ""},
        {"login": "login", "user": "a\x1b[2J"},
        {"login": "login", "user": "a" * 257},
    ],
    ids=str,
)
def test_notes_that_are_not_valid_are_ignored(document: dict[str, object]) -> None:
    """And replaced by the next ones."""
    cache = MemoryCache({"notes-token": document})
    notes = LoginNotes(cache, "token")
    assert notes.user_of("login") is None
    assert notes.note_warning("login")
    notes.note_user("login", "bob", ROLE)
    assert notes.user_of("login") == "bob"


def test_a_name_that_is_not_valid_is_not_stored(notes: LoginNotes) -> None:
    """It comes from a service."""
    notes.note_user("login", "a\nb", ROLE)
    assert notes.user_of("login") is None


def test_a_logout_deletes_them(world: World) -> None:
    """The next user may be another one."""
    login("dev", flow="device", show=lambda prompt: world.emulator.approve(str(prompt.user_code)))
    notes = LoginNotes(own_cache(), world.token_file().stem)
    notes.note_user("login", "alice", ROLE)
    assert own_cache().keys("notes-")
    sso_plugin.logout("dev")
    wait_until(lambda: not own_cache().keys("notes-"))
