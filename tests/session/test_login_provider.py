"""A session of `get_session` uses its own login and role only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.session import Session

import sso_plugin
from sso_plugin.config.profile import SsoProfile
from sso_plugin.session.login_provider import LoginProvider

if TYPE_CHECKING:
    import pytest
    from world import World


def test_keys_in_the_environment_do_not_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account and the role are arguments."""
    world.sign_in()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    session = sso_plugin.get_session(
        account="222222222222", role="AdministratorAccess", sso_session="corp", region="us-east-1"
    )
    assert session.client("sts").get_caller_identity()["Account"] == "222222222222"


def test_its_resolver_asks_no_other_provider(world: World) -> None:
    """Its credentials and its token are fetched on first use."""
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    provider = LoginProvider(session, profile)
    assert provider.resolver().providers == [provider]
    assert provider.load().method == "sso"
    token = provider.load_token()
    assert len(world.emulator.requests) == 0
    signed_in = world.sign_in()
    assert token.get_frozen_token().token == signed_in.access_token
