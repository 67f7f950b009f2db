"""Fixtures of the scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fleet import Fleet
from issued import Issued, record_issued
from sealed import configure, set_key

from sso_plugin.storage import cache
from sso_plugin.storage.network import server

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from fleet import Crowd
    from world import World

_PATIENT = """
from sso_plugin.storage import cache
from sso_plugin.storage.network import server
cache.LOCK_TIMEOUT, server._TIMEOUT = 300.0, 60.0
"""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all processes of a fleet wait long for a reply of the store, and for each other.

    On a busy machine a reply takes more than a second. A machine then works without the store.
    """
    start_crowd, start, run = Fleet.start_crowd, Fleet.start, Fleet.run

    def patient_crowd(fleet: Fleet, number: int, *, before: str = "", **options: Any) -> Crowd:
        return start_crowd(fleet, number, before=_PATIENT + before, **options)

    def patient_start(
        fleet: Fleet, home: Path, code: str, *arguments: object
    ) -> subprocess.Popen[str]:
        return start(fleet, home, _PATIENT + code, *arguments)

    def patient_run(
        fleet: Fleet, home: Path, code: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return run(fleet, home, _PATIENT + code, **environment)

    monkeypatch.setattr(Fleet, "start_crowd", patient_crowd)
    monkeypatch.setattr(Fleet, "start", patient_start)
    monkeypatch.setattr(Fleet, "run", patient_run)
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 300.0)
    monkeypatch.setattr(server, "_TIMEOUT", 60.0)


@pytest.fixture
def two(world: World) -> World:
    """Return a world in which alice and bob have the same role."""
    for name in ("alice", "bob"):
        world.emulator.assign(name, "111111111111", "AdministratorAccess")
    return world


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> Issued:
    """Return the secrets that the emulator issues from now on."""
    return record_issued(monkeypatch)


@pytest.fixture
def sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose profile seals tokens and roles, with a key in the environment."""
    set_key(monkeypatch)
    configure(world)
    return world
