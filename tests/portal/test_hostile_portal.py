"""A hostile portal, or a proxy that responds instead: wrong names and dates do no harm."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hostile import CREDENTIALS, ROLES, HostilePortal
from hostile_checks import ESCAPES, fetch, is_clean, log_in

import sso_plugin
from sso_plugin import LoginFailed, LoginRequired
from sso_plugin.cli import main
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from world import World

INJECTION = "Admin\n[default]\ncredential_process = false\nx ="
YEAR = 365 * 86400


@pytest.mark.long
def test_a_role_name_cannot_add_sections_to_the_config_file(
    portal: HostilePortal, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ignores the role with a warning, and writes the others."""
    portal.change[ROLES] = lambda answer: {
        **answer,
        "roleList": [*answer["roleList"], {"roleName": INJECTION}],
    }
    assert main(["configure", "--sso-session", "corp", "--yes"]) == 0
    written = world.config_file.read_text()
    assert "credential_process" not in written
    assert "[default]" not in written
    assert "[profile production-AdministratorAccess]" in written
    printed = capsys.readouterr()
    assert printed.err.count("Ignoring an entry in a list of") == 1
    assert is_clean(printed.err)
    assert "credential_process" not in printed.out


DATES = [
    "Wed, 25 Nov 99999999999999999999 08:00:00 GMT",
    "Wed, 99999999999999999999 Nov 2026 08:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 0001 00:00:00 -0000",
    "Thu, 01 Jan 1970 00:00:00 +9999",
    "Thu, 01 Jan 1970 00:00:00 +99999999999999999999",
    formatdate(4102444800, usegmt=True),
    formatdate(0, usegmt=True),
    "\x80",
]


@pytest.mark.long
@pytest.mark.parametrize(
    "date", [DATES[0], *(pytest.param(each, marks=pytest.mark.long) for each in DATES[1:])]
)
def test_one_wrong_date_changes_nothing(portal: HostilePortal, world: World, date: str) -> None:
    """Neither for the process that receives it nor for later ones."""
    portal.dates = [date]
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    assert [credentials.access_key[:4] for _ in range(3)] == ["ASIA"] * 3
    assert portal.asked.count(CREDENTIALS) == 1
    assert sso_plugin.status("dev").state == "usable"
    world.role_files()[0].unlink()
    assert world.run(SCRIPT).stdout == "ASIA\n"


SCRIPT = """
import boto3, sso_plugin
session = boto3.Session(profile_name="dev")
sso_plugin.enable(session)
print(session.get_credentials().get_frozen_credentials().access_key[:4])
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("ahead", "renewable"),
    [
        (20 * 3600, False),
        *(
            pytest.param(ahead, renewable, marks=pytest.mark.long)
            for ahead in (20 * YEAR, 20 * 3600, -20 * 3600, -20 * YEAR)
            for renewable in (True, False)
            if (ahead, renewable) != (20 * 3600, False)
        ),
    ],
)
def test_wrong_dates_for_a_while_do_not_require_a_login(
    portal: HostilePortal, world: World, ahead: float, *, renewable: bool
) -> None:
    """A login is needed only if both clocks say so, or the portal does."""
    wrong = formatdate(time.time() + ahead, usegmt=True)
    if not renewable:
        world.sign_in(refreshToken=None)
    portal.dates = [wrong] * 4
    list(sso_plugin.accounts("dev"))
    list(sso_plugin.roles("111111111111", "dev"))
    fetch()
    portal.dates = []
    for file in world.role_files():
        file.unlink()
    assert sso_plugin.status("dev").state == "usable"
    done = world.run(SCRIPT)
    assert done.stdout == "ASIA\n", done.stderr


def test_a_long_running_process_recovers_from_wrong_dates(
    portal: HostilePortal, world: World
) -> None:
    """Its credentials and token seem to have expired, but the portal accepts the token."""
    world.sign_in(refreshToken=None)
    portal.dates = [formatdate(time.time() + 20 * YEAR, usegmt=True)] * 3
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    credentials: Any = session.get_credentials()
    for _ in range(6):
        assert credentials.get_frozen_credentials().access_key.startswith("ASIA")
    asked = portal.asked.count(CREDENTIALS)
    credentials.get_frozen_credentials()
    assert portal.asked.count(CREDENTIALS) == asked


def test_a_token_that_has_expired_by_both_clocks_needs_a_login(world: World) -> None:
    """No request is sent."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z", refreshToken=None)
    with pytest.raises(LoginRequired, match="its token expired at 2020-01-01"):
        fetch()
    assert world.count("GetRoleCredentials") == 0


def test_a_token_that_only_the_portal_knows_to_be_expired_is_explained(
    portal: HostilePortal, world: World
) -> None:
    """The wall clock is behind. The portal refuses the token, and the reason is correct."""
    world.sign_in(refreshToken=None)
    world.emulator.revoke("alice")
    portal.dates = [formatdate(time.time() + 20 * 3600, usegmt=True)] * 5
    with pytest.raises(LoginRequired, match="its token expired at "):
        fetch()


@pytest.mark.long
def test_a_wrong_date_does_not_expire_a_new_login(portal: HostilePortal, world: World) -> None:
    """A date of long ago in the response with the token does not make it expired."""
    portal.dates = [formatdate(0, usegmt=True)]
    world.token_file().unlink()
    found = ConfiguredLogin.find("dev")
    assert found.status().state == "login needed"
    log_in(portal, world)
    assert found.status().state == "usable"


def test_an_error_message_is_one_line() -> None:
    """Also if a text from a config file or a header is not."""
    failed = LoginFailed(error_msg=f"x{ESCAPES}y", reason=ESCAPES)
    assert str(failed).isprintable()
    assert failed.reason.isprintable()
