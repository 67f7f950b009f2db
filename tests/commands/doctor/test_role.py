"""The check of GetRoleCredentials for the role of a profile."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from findings import findings, sign_in, unhealthy
from fixed_server import server

from sso_plugin.commands.doctor.role import check_role
from sso_plugin.config.profile import SsoProfile
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from world import World


PAST = "2020-01-01T00:00:00Z"


ROLE = "the role AdministratorAccess in the account 111111111111"


@pytest.mark.long
def test_role_credentials_are_requested_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are neither printed nor stored."""
    from sso_plugin.cli import main

    main(["doctor", "--profile", "dev", "--json"])
    out = capsys.readouterr().out
    [found] = [each for each in json.loads(out)["findings"] if each["check"] == "role"]
    assert found["status"] == "ok"
    assert re.fullmatch(
        rf"Identity Center returns credentials for {ROLE}, valid until \d{{4}}-.* UTC\.",
        found["message"],
    )
    assert world.count("GetRoleCredentials") == 1
    assert world.role_files() == []
    assert "ASIA" not in out


@pytest.mark.long
def test_a_role_that_the_user_does_not_have_is_a_problem(world: World) -> None:
    """The fix lists the roles of the user."""
    world.configure(world.emulator.profile(role_name="Auditor"))
    assert unhealthy() == [
        (
            "problem",
            "You do not have the role Auditor in the account 111111111111 (ForbiddenException, No "
            "access).",
            "Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess.",
        )
    ]


@pytest.mark.long
def test_an_account_that_the_user_does_not_have_is_a_problem(world: World) -> None:
    """The fix lists the accounts of the user."""
    world.configure(world.emulator.profile(account_id="9" * 12, role_name="Auditor"))
    [(status, _, fix)] = unhealthy()
    assert status == "problem"
    assert fix == (
        "Set sso_account_id to an account in which you have a role: 111111111111 (production), "
        "222222222222 (staging), 333333333333 (sandbox)."
    )


@pytest.mark.parametrize(("name", "status"), [("production", "ok"), ("prod", "problem")])
def test_an_account_is_looked_up_by_its_name(world: World, name: str, status: str) -> None:
    """The result is not stored."""
    account = "sso_account_id = 111111111111"
    world.configure(world.emulator.profile().replace(account, f"sso_account_name = {name}"))
    [found] = findings("role")
    assert found.status == status
    assert not list((world.home / ".aws/sso-plugin").glob("accounts-*"))
    if status == "problem":
        assert f'asks for the account "{name}", which this user does not have.' in found.message


@pytest.mark.long
def test_a_revoked_token_is_a_problem(world: World) -> None:
    """Its file looks valid, so the fix is a login with --force."""
    world.emulator.revoke("alice")
    assert unhealthy() == [
        (
            "problem",
            "Identity Center does not accept the token: UnauthorizedException, Session token not "
            "found or invalid.",
            "sso-plugin login --profile dev --force",
        )
    ]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 429, "code": "TooManyRequestsException"}, "warning"),
        ({"status": 500, "code": "InternalServerException"}, "problem"),
    ],
)
def test_a_temporary_error_is_not_retried(world: World, fault: dict[str, Any], status: str) -> None:
    """The finding contains the reason."""
    world.emulator.faults.add("GetRoleCredentials", message="Rate exceeded", **fault)
    assert unhealthy() == [
        (
            status,
            f"Identity Center returns no credentials for {ROLE}: {fault['code']}, Rate exceeded.",
            "Try again later.",
        )
    ]
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_response_without_credentials_is_a_problem(world: World) -> None:
    """The content of the response is checked."""
    world.emulator.faults.add("GetRoleCredentials", kind="truncated")
    [(status, message, fix)] = unhealthy()
    assert (status, fix) == ("problem", "See the findings above.")
    assert message.startswith('The profile "dev" cannot reach Identity Center (sso in eu-central-1')
    assert "Run:" not in message


def test_an_expired_token_is_not_renewed(world: World) -> None:
    """The finding says why the role was not checked."""
    sign_in(world, expiresAt=PAST)
    [found] = findings("role")
    assert (found.status, found.message) == (
        "ok",
        "GetRoleCredentials was not called: the token has to be renewed first.",
    )
    assert (world.count("GetRoleCredentials"), world.count("CreateToken")) == (0, 0)


def test_without_a_token_the_role_is_not_checked(world: World) -> None:
    """The missing token is reported only once."""
    world.token_file().unlink()
    assert findings("role") == []


@pytest.mark.long
def test_a_slow_response_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it comes byte by byte, so that no socket timeout ends it."""
    with server(200, b"x" * 60, pause=0.1) as slow:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", slow.url)
        login = ConfiguredLogin.find("dev")
        profile = SsoProfile.of(login.session, "dev")
        assert profile
        [found] = check_role(ConfiguredLogin.of(login.session, profile), timeout=0.5)
    assert (found.status, found.message) == (
        "problem",
        "GetRoleCredentials failed: no response within 0.5 seconds.",
    )
