"""All checks together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from findings import unhealthy

import sso_plugin
from sso_plugin.commands.doctor import Finding, diagnose

if TYPE_CHECKING:
    from world import World


def found(profile: str | None = "dev") -> dict[str, list[Finding]]:
    """Return all findings by their check."""
    findings: dict[str, list[Finding]] = {}
    for each in diagnose(profile):
        findings.setdefault(each.check, []).append(each)
    return findings


@pytest.mark.long
def test_a_healthy_profile_has_no_problems(world: World) -> None:
    """Each check yields a finding."""
    sso_plugin.enable()
    findings = found()
    assert unhealthy() == []
    assert list(findings) == [
        "versions", "hook", "config", "provider", "files", "network", "clock", "role",
    ]  # fmt: skip
    assert findings["config"][0].message == (
        f'The profile "dev" is complete in {world.config_file}.'
    )
    assert findings["provider"][0].message == (
        'The profile "dev" is served by sso_plugin: its sso_ keys come first.'
    )
    assert f"The token in {world.token_file()} is valid until " in findings["files"][0].message
    assert "No role credentials are cached" in findings["files"][1].message
    assert f"The portal at {world.emulator.url} responds in" in findings["network"][0].message
    assert f"The OIDC service at {world.emulator.url} responds in" in findings["network"][1].message
    assert findings["role"][0].message.startswith(
        "Identity Center returns credentials for the role AdministratorAccess in the account "
        "111111111111, valid until "
    )


@pytest.mark.long
@pytest.mark.parametrize("expired", [True, False])
def test_nothing_is_changed(world: World, *, expired: bool) -> None:
    """No file changes, and no token is renewed."""
    changes = {"expiresAt": "2020-01-01T00:00:00Z"} if expired else {}
    world.emulator.settings.date_offset = 400
    world.sign_in(**changes)
    world.token_file().chmod(0o600)
    before = sorted((path, path.stat().st_mtime_ns) for path in world.home.rglob("*"))
    findings = found()
    assert len(findings["role"]) == 1
    assert sorted((path, path.stat().st_mtime_ns) for path in world.home.rglob("*")) == before
    assert world.count("CreateToken") == 0


def test_an_incomplete_profile_is_a_problem(world: World) -> None:
    """With the message that a script would get."""
    world.configure(re.sub("sso_role_name.*", "", world.emulator.profile()))
    [(status, message, fix)] = unhealthy()
    assert status == "problem"
    assert "is missing required configuration: sso_role_name" in message
    assert fix == f"Edit {world.config_file}."


def test_a_missing_profile_is_a_problem(world: World) -> None:
    """The fix lists the others."""
    assert unhealthy("deb") == [
        (
            "problem",
            f'There is no profile "deb" in {world.config_file}.',
            "Choose one of: dev.",
        )
    ]


def test_an_invalid_config_file_is_a_problem(world: World) -> None:
    """With the line; the other checks are skipped."""
    world.configure("[profile a]\n[profile a]\n")
    [(status, message, _)] = unhealthy()
    assert status == "problem"
    assert "line 2 repeats the section [profile a]" in message


def test_an_invalid_address_in_a_variable_is_no_problem_of_the_config_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fix is to change the variable. A password in it is not shown."""
    monkeypatch.setenv("SSO_PLUGIN_STORE", "rediss://user:hush@cache.corp")
    [(status, message, fix)] = unhealthy()
    assert (status, message) == ("problem", "The variable SSO_PLUGIN_STORE has a password.")
    assert fix.startswith("Set it to the address without the password")
    assert "hush" not in fix


def test_without_a_config_the_fix_is_to_configure(world: World) -> None:
    """It says how to start."""
    world.config_file.unlink()
    messages = [message for _, message, _ in unhealthy(None)]
    assert messages == [
        f"There is no config file {world.config_file}.",
        'The profile "default" has no Identity Center role; it is served by the role of the '
        "machine, if it has one.",
    ]


@pytest.mark.long
def test_without_a_profile_the_only_login_is_checked(world: World) -> None:
    """It is clear which one is meant."""
    assert any(str(world.token_file()) in each.message for each in found(None)["files"])


def test_an_invalid_credentials_file_is_a_problem(world: World) -> None:
    """Botocore reads it for each profile."""
    shared = world.home / ".aws/credentials"
    shared.write_text("secret\n")
    [(status, message, _)] = unhealthy()
    assert (status, message) == ("problem", f"botocore cannot read {shared}.")
