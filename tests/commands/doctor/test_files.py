"""The checks of the token file and the role file."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from findings import findings, sign_in, unhealthy

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World


def replace_token(world: World, **changes: Any) -> None:
    world.sign_in(**changes)
    world.token_file().chmod(0o600)


def pipe(world: World) -> None:
    world.token_file().unlink()
    os.mkfifo(world.token_file())


FILES: dict[str, tuple[Callable[[World], object], str, str, str]] = {
    "missing": (
        lambda world: world.token_file().unlink(),
        "problem",
        "There is no token: {token} does not exist.",
        "sso-plugin login --profile dev",
    ),
    "expired": (
        lambda world: replace_token(world, expiresAt="2020-01-01T00:00:00Z", refreshToken=None),
        "problem",
        "The token in {token} expired at 2020-01-01 00:00 UTC, and cannot be renewed.",
        "sso-plugin login --profile dev",
    ),
    "damaged": (
        lambda world: world.token_file().write_text('{"accessTok'),
        "problem",
        "{token} is damaged: it is not a JSON object.",
        "rm {token}; sso-plugin login --profile dev",
    ),
    "without a token": (
        lambda world: world.token_file().write_text("{}"),
        "problem",
        "{token} does not contain a valid token.",
        "sso-plugin login --profile dev",
    ),
    "a pipe": (
        pipe,
        "problem",
        "{token} is not a regular file, and is ignored.",
        "rm {token}; sso-plugin login --profile dev",
    ),
    "written by others": (
        lambda world: world.token_file().chmod(0o666),
        "problem",
        "{token} is not trusted: other users can write it.",
        "chmod 600 {token}",
    ),
    "open to others": (
        lambda world: world.token_file().chmod(0o644),
        "problem",
        "Other users can read {token} (mode 0644).",
        "chmod 600 {token}",
    ),
    "in an open folder": (
        lambda world: world.token_file().parent.chmod(0o755),
        "warning",
        "Other users can read {folder} (mode 0755).",
        "chmod 700 {folder}",
    ),
}


@pytest.mark.one_quick_case
@pytest.mark.parametrize("case", FILES)
def test_a_problem_of_the_token_file_is_found(world: World, case: str) -> None:
    """The fix solves it, or is a login."""
    act, status, message, fix = FILES[case]
    act(world)
    names = {"token": world.token_file(), "folder": world.token_file().parent}
    assert unhealthy() == [(status, message.format(**names), fix.format(**names))]
    if fix.startswith("chmod"):
        subprocess.run(["/bin/sh", "-c", fix.format(**names)], check=True)
        assert unhealthy() == []


@pytest.mark.long
def test_a_link_to_a_token_file_is_ok(world: World) -> None:
    """It is followed."""
    world.token_file().rename(world.home / "elsewhere")
    world.token_file().symlink_to(world.home / "elsewhere")
    assert unhealthy() == []


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_a_token_file_of_another_user_is_a_problem(world: World) -> None:
    """As after a sudo."""
    os.chown(world.token_file(), 12, 12)
    [(status, message, _)] = unhealthy()
    assert (status, message) == ("problem", f"{world.token_file()} belongs to another user (12).")


@pytest.mark.long
def test_the_role_file_is_checked(world: World) -> None:
    """Valid or damaged."""
    sso_plugin.enable()
    import boto3

    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    [file] = world.role_files()
    assert f"The role credentials in {file} are valid until" in findings("files")[1].message
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("[]")
    assert unhealthy() == [
        ("problem", f"{file} is damaged: it is not a JSON object.", f"rm {file}")
    ]


PAST = "2020-01-01T00:00:00Z"


SURPRISES = [
    (
        {"registrationExpiresAt": PAST},
        "The token in {token} cannot be renewed: its registration expired at 2020-01-01 00:00 UTC.",
    ),
    ({"refreshToken": None}, "The token in {token} cannot be renewed: it has no refresh token."),
    (
        {"startUrl": "https://other.awsapps.com/start"},
        "The token in {token} is for the start URL https://other.awsapps.com/start, not for "
        "https://example.awsapps.com/start.",
    ),
    (
        {"region": "us-east-1"},
        "The token in {token} is for the region us-east-1, not for eu-central-1.",
    ),
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("changes", "message"), SURPRISES)
def test_a_valid_token_with_unexpected_properties_is_a_warning(
    world: World, changes: dict[str, Any], message: str
) -> None:
    """It works now. A new login fixes it."""
    sign_in(world, **changes)
    text = message.format(token=world.token_file())
    assert unhealthy() == [("warning", text, "sso-plugin login --profile dev --force")]


def test_a_start_url_with_another_spelling_is_ok(world: World) -> None:
    """Browsers add a slash or a fragment."""
    sign_in(world, startUrl="https://example.awsapps.com/start/#/")
    assert unhealthy() == []
