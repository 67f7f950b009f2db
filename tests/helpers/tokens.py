"""Helpers for tests of access tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.session import Session

from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.token_source import TokenSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from world import World

HOUR = 3600
PAST = "2020-01-01T00:00:00Z"


def source_of(name: str = "dev") -> TokenSource:
    """Return the token source of a profile."""
    session = Session(profile=name)
    profile = SsoProfile.of(session)
    assert profile is not None
    return TokenSource(Login.of(session, profile))


def rewrite(world: World, **changes: object) -> None:
    """Change keys of the token file; None removes a key."""
    document = {**json.loads(world.token_file().read_text()), **changes}
    kept = {key: value for key, value in document.items() if value is not None}
    world.token_file().write_text(json.dumps(kept))


def during_renewal(
    monkeypatch: pytest.MonkeyPatch, source: TokenSource, act: Callable[[], object]
) -> None:
    """Call a function directly before the request of a renewal."""
    create_token = source.login.portal.create_token

    def late(*args: str, **kwargs: str) -> object:
        act()
        return create_token(*args, **kwargs)

    monkeypatch.setattr(source.login.portal, "create_token", late)


def outage_file(world: World) -> Path:
    """Return the file with the failures of renewals."""
    return world.home / ".aws/sso-plugin" / f"outage-{world.token_file().stem}.json"


def stale_token(world: World) -> str:
    """Put a token into the cache that expires in a minute."""
    world.emulator.settings.access_token = 60
    token = world.sign_in().access_token
    world.age_token(HOUR)
    return token
