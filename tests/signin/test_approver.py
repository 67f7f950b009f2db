"""A code can be approved by anyone who has it: the user of the new login is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

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

ACCOUNT_BY_NAME = ("account_id = 111111111111", "account_name = prod")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approver, "attempt_timeout", lambda _: 0.01)


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
        LoginNotes.of(login.key).note_user(origin[0], user)
    return session, login


def new_token(world: World, login: Login, user: str) -> AccessToken:
    """Return a token that a user has approved, and that is not saved."""
    signed_in = world.emulator.sign_in(user)
    grant = Grant(signed_in.access_token, None, 3600)
    return AccessToken.granted(grant, login.profile, {}, login.clock.now())


def test_the_user_of_the_last_login_is_accepted(world: World) -> None:
    """The name is that of the role session, from STS."""
    session, login = login_of(world, user="alice")
    assert Approver(session, login).check(new_token(world, login, "alice")) == "alice"


def test_another_user_is_refused_and_the_token_revoked(world: World) -> None:
    """The error names both."""
    world.emulator.assign("bob", "111111111111", "AdministratorAccess")
    session, login = login_of(world, user="alice")
    token = new_token(world, login, "bob")
    with pytest.raises(LoginFailed) as caught:
        Approver(session, login).check(token)
    assert str(caught.value) == (
        'The profile "dev" was not logged in: the code was approved by "bob", but the last login '
        'was by "alice". Run: sso-plugin login --profile dev'
    )
    assert world.count("Logout") == 1


def test_a_user_without_the_role_is_refused_if_the_last_one_had_it(world: World) -> None:
    """It is another user, or one who has lost the role."""
    session, login = login_of(world, user="alice")
    with pytest.raises(LoginFailed, match="approved by an unknown user"):
        Approver(session, login).check(new_token(world, login, "bob"))


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_any_user_is_accepted_if_the_last_one_is_not_known(world: World, user: str) -> None:
    """There is nothing to compare with. The user may have no role here."""
    session, login = login_of(world, user=None)
    found = Approver(session, login).check(new_token(world, login, user))
    assert found == {"alice": "alice", "bob": None}[user]


def test_a_short_failure_of_sts_does_not_refuse_the_login(world: World) -> None:
    """It is asked again."""
    session, login = login_of(world, user="alice")
    world.emulator.faults.add("GetCallerIdentity", status=503, times=2)
    assert Approver(session, login).check(new_token(world, login, "alice")) == "alice"


def test_the_name_of_an_account_is_enough(world: World) -> None:
    """Its id is in the cache. Otherwise the user is not known."""
    world.configure(world.emulator.profile().replace(*ACCOUNT_BY_NAME))
    session, login = login_of(world, user=None)
    assert Approver(session, login).check(new_token(world, login, "alice")) is None


def test_the_user_is_noted_for_the_next_login(world: World) -> None:
    """As the user of the login that was saved."""
    session, login = login_of(world, user=None)
    token = TokenFile(login).begin_login(new_token(world, login, "alice"))
    Approver(session, login).note(token, "alice")
    known = TokenFile(login).known_login()
    assert known
    assert LoginNotes.of(login.key).user_of(known.id) == "alice"
