"""What protects the login of a fleet, taken away part by part: a simulation has to notice it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sso_plugin.storage.network import lease, scripts, shared_tokens
from sso_plugin.storage.network.lease import Lease
from sso_plugin.storage.network.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

__all__ = ["WEAKENED", "Weakness"]


class Weakness(NamedTuple):
    """A part that is taken away.

    :param kinds: the disturbances that need it.
    :param seeds: those of worlds that notice it.
    """

    apply: Callable[[pytest.MonkeyPatch], object]
    kinds: tuple[str, ...]
    seeds: range


def change(monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    script: Script = getattr(scripts, name)
    assert old in script.text
    monkeypatch.setattr(scripts, name, Script(script.name, script.text.replace(old, new)))


def accept_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a token of an older login, or an older token, replace a newer one."""
    old = "if generation < stored or (generation == stored and not follows) then"
    change(monkeypatch, "WRITE_TOKEN", old, "if false then")


def shorten_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine that is paused after the portal's answer lose the lock."""
    monkeypatch.setattr(lease, "LONG_LEASE", 10.0)
    monkeypatch.setattr(lease, "_MAX_LEASE", 10.0)


def leave_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a logout delete the token, and leave nothing."""
    text = "redis.call('DEL', KEYS[1], KEYS[3])\nreturn 1"
    monkeypatch.setattr(scripts, "END_TOKEN", Script("end token", text))


def confirm_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine that has lost the lock use the refresh token."""
    monkeypatch.setattr(Lease, "confirm", lambda *_: True)


def look_after_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no machine with a valid token see that the server was emptied."""
    monkeypatch.setattr(shared_tokens, "keep_stored", lambda *_: None)


WEAKENED = {
    "accept every write": Weakness(accept_every_write, ("login in renewal",), range(5)),
    "a short lease": Weakness(shorten_the_lease, ("pause in renewal",), range(3)),
    "no mark of a logout": Weakness(leave_no_mark, ("logout", "login", "cut"), range(3)),
    "no confirmation": Weakness(confirm_always, ("pause in lock",), range(4)),
    "no look at the server": Weakness(look_after_nothing, ("server emptied",), range(5)),
}
