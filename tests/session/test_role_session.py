"""A session with the credentials of one role only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session

from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.session.role_session import serve_role, with_role

if TYPE_CHECKING:
    from world import World

LOGIN = SsoProfile(None, "https://example.awsapps.com/start", "eu-central-1", "corp")


def test_an_account_is_an_id_or_a_name() -> None:
    """Spaces around it are ignored."""
    by_id, by_name = with_role(LOGIN, " 111111111111 ", " A "), with_role(LOGIN, "prod", "A")
    assert (by_id.account_id, by_id.account_name, by_id.role_name) == ("111111111111", None, "A")
    assert (by_name.account_id, by_name.account_name) == (None, "prod")


@pytest.mark.parametrize(("account", "role"), [("", "A"), ("x", " ")])
def test_both_are_required(account: str, role: str) -> None:
    """Otherwise the account of a profile would be used."""
    with pytest.raises(ConfigError, match="An account and a role are required"):
        with_role(LOGIN, account, role)


def test_a_session_uses_the_role_only(world: World) -> None:
    """And not the role of its profile."""
    world.sign_in()
    session = Session(profile="dev")
    login = SsoProfile.login_of(session)
    assert login is not None
    serve_role(session, login, "staging", "AdministratorAccess")
    sts: Any = session.create_client("sts")
    assert sts.get_caller_identity()["Account"] == "222222222222"
