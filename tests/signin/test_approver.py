"""A code can be approved by anyone who has it: the user of the new login is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.session import Session
from caches import own_cache

from sso_plugin import LoginFailed
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.login_notes import LoginNotes
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.portal.responses import Grant
from sso_plugin.signin import approver
from sso_plugin.signin.approver import Approver

if TYPE_CHECKING:
    from world import World

ROLE = ("111111111111", "AdministratorAccess")
ACCOUNT_BY_NAME = ("account_id = 111111111111", "account_name = prod")


def pause(_: float) -> None:
    """Do not wait."""


def login_of(world: World, *, user: str | None) -> tuple[Session, Login]:
    """Return a login whose user is known, or not."""
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    login = Login.of(session, profile)
    world.sign_in()
    token = TokenFile(login).load()
    assert token
    origin = TokenFile(login).origin_of(token)
    assert origin
    if user:
        LoginNotes(own_cache(), login.key).note_user(origin[0], user, ROLE)
    return session, login


def new_token(world: World, login: Login, user: str) -> AccessToken:
    """Return a token that a user has approved, and that is not saved."""
    signed_in = world.emulator.sign_in(user)
    grant = Grant(signed_in.access_token, None, 3600)
    return AccessToken.granted(grant, login.profile, {}, login.clock.now())


def test_the_user_of_the_last_login_is_accepted(world: World) -> None:
    """The name is that of the role session, from STS."""
    session, login = login_of(world, user="alice")
    assert Approver(session, login, pause).check(new_token(world, login, "alice")) == "alice"


def test_another_user_is_refused_and_the_token_revoked(world: World) -> None:
    """The error names both."""
    world.emulator.assign("bob", "111111111111", "AdministratorAccess")
    session, login = login_of(world, user="alice")
    token = new_token(world, login, "bob")
    with pytest.raises(LoginFailed) as caught:
        Approver(session, login, pause).check(token)
    assert str(caught.value) == (
        'The profile "dev" was not logged in: the code was approved by "bob", but the last login '
        'was by "alice". Run: sso-plugin login --profile dev'
    )
    assert world.count("Logout") == 1


def test_a_user_without_the_role_is_refused(world: World) -> None:
    """The last user had it. It is another user, or one who has lost the role."""
    session, login = login_of(world, user="alice")
    with pytest.raises(LoginFailed, match=r"by a user who could not be checked \("):
        Approver(session, login, pause).check(new_token(world, login, "bob"))


def test_a_caller_without_a_role_uses_the_one_that_was_noted(world: World) -> None:
    """A bearer token needs no role, and its login has an owner nevertheless."""
    session, login = login_of(world, user="alice")
    without = Login.of(session, login.profile._replace(account_id=None, role_name=None))
    assert Approver(session, without, pause).check(new_token(world, login, "alice")) == "alice"


def test_a_failure_of_sts_does_not_refuse_the_login(world: World) -> None:
    """It is asked again, for some minutes."""
    session, login = login_of(world, user="alice")
    world.emulator.faults.add("GetCallerIdentity", status=503, times=20)
    assert Approver(session, login, pause).check(new_token(world, login, "alice")) == "alice"


def test_a_user_who_cannot_be_found_is_refused_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose login it is has to be sure."""
    monkeypatch.setattr(approver, "_TIMEOUT", 0.0)
    session, login = login_of(world, user="alice")
    world.emulator.faults.add("GetCallerIdentity", status=503)
    with pytest.raises(LoginFailed, match="could not be checked"):
        Approver(session, login, pause).check(new_token(world, login, "alice"))


def test_an_unknown_user_is_found_and_noted(world: World) -> None:
    """There is nothing to compare with, so the login is saved first."""
    session, login = login_of(world, user=None)
    found = Approver(session, login, pause)
    assert not found.is_known
    token = TokenFile(login).begin_login(new_token(world, login, "alice"))
    assert found.find(token) == "alice"
    known = TokenFile(login).known_login()
    assert known
    assert LoginNotes(own_cache(), login.key).user_of(known.id) == "alice"
    assert LoginNotes(own_cache(), login.key).role_of(known.id) == ROLE


@pytest.mark.parametrize("problem", ["no role", "no STS", "account by name"])
def test_a_user_who_is_not_found_is_reported_as_unknown(world: World, problem: str) -> None:
    """The login is valid nevertheless."""
    if problem == "account by name":
        world.configure(world.emulator.profile().replace(*ACCOUNT_BY_NAME))
    if problem == "no STS":
        world.emulator.faults.add("GetCallerIdentity", status=503)
    session, login = login_of(world, user=None)
    user = "bob" if problem == "no role" else "alice"
    token = TokenFile(login).begin_login(new_token(world, login, user))
    assert Approver(session, login, pause).find(token) is None
