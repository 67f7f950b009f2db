"""The AWS SDK for JavaScript and sso_plugin read and write the same files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest
from command import environment, install_command
from interop import token_file
from quick_login import login

import sso_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

    from sso_plugin import LoginPrompt

    Credentials = dict[str, Any]
    Provide = Callable[[], Credentials]
    Flow = Literal["browser", "device"]

HERE = Path(__file__).parent
FLOWS: list[Flow] = ["browser", "device"]
PAST = "2020-01-01T00:00:00Z"


@pytest.fixture
def javascript(node: str) -> Provide:
    """Return a function that gets the credentials of ``dev`` from the JavaScript SDK."""

    def provide() -> Credentials:
        result = subprocess.run(
            [node, HERE / "credentials.js", "dev"],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        credentials: Credentials = json.loads(result.stdout)
        return credentials

    return provide


def account_of(credentials: Credentials) -> str:
    """Return the account; STS refuses credentials that it did not issue or that have expired."""
    sts = boto3.client(
        "sts",
        region_name="eu-central-1",
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials["sessionToken"],
    )
    return str(sts.get_caller_identity()["Account"])


def our_session() -> boto3.Session:
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    return session


def log_in(world: World, flow: Flow = "device") -> None:
    """Log in, and approve at once."""

    def approve(prompt: LoginPrompt) -> None:
        if prompt.user_code:
            world.emulator.approve(prompt.user_code, "alice")
        else:
            with urllib.request.urlopen(world.emulator.authorize(prompt.url, "alice")) as page:
                assert b"You can close this tab" in page.read()

    login("dev", flow=flow, show=approve, open_browser=None)


def snapshot(files: list[Path]) -> dict[Path, tuple[bytes, int]]:
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


@pytest.mark.parametrize("flow", FLOWS)
def test_the_sdk_uses_a_token_of_our_login(world: World, javascript: Provide, flow: Flow) -> None:
    """It does not renew the token, and gets valid credentials."""
    log_in(world, flow)

    assert account_of(javascript()) == "111111111111"
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_sdk_uses_a_token_that_we_renewed(
    world: World, javascript: Provide, flow: Flow
) -> None:
    """It does not renew the token again."""
    log_in(world, flow)
    world.change_token(expiresAt=PAST)
    our_session().client("sts").get_caller_identity()

    assert account_of(javascript()) == "111111111111"
    assert world.count("CreateToken") == 2


@pytest.mark.parametrize("flow", FLOWS)
def test_the_sdk_renews_a_token_of_our_login(world: World, javascript: Provide, flow: Flow) -> None:
    """The file has the refresh token and the registration, with both flows."""
    log_in(world, flow)
    world.change_token(expiresAt=PAST)

    assert account_of(javascript()) == "111111111111"
    assert token_file.read(world)["expiresAt"] > PAST
    assert world.count("CreateToken") == 2


def test_the_sdk_uses_a_token_of_a_legacy_profile(world: World, javascript: Provide) -> None:
    """The file is named after the start URL."""
    world.configure(world.emulator.profile(legacy=True))
    log_in(world)

    assert account_of(javascript()) == "111111111111"


def test_we_use_a_token_that_the_sdk_renewed(world: World, javascript: Provide) -> None:
    """Its timestamps have milliseconds. We do not renew the token again."""
    world.sign_in(expiresAt=PAST)
    javascript()
    assert token_file.read(world)["expiresAt"] > PAST

    assert our_session().client("sts").get_caller_identity()["Account"] == "111111111111"
    assert world.count("CreateToken") == 1


def test_both_renew_a_single_use_refresh_token_in_turns(world: World, javascript: Provide) -> None:
    """Each uses the refresh token that the other received."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)

    javascript()
    world.change_token(expiresAt=PAST)
    our_session().client("sts").get_caller_identity()
    world.change_token(expiresAt=PAST)

    assert account_of(javascript()) == "111111111111"
    assert world.count("CreateToken") == 3


def test_the_sdk_does_not_change_our_role_credentials(world: World, javascript: Provide) -> None:
    """It writes no role credentials to files. We keep using ours."""
    log_in(world)
    our_session().client("sts").get_caller_identity()
    before = snapshot(world.role_files())
    assert len(before) == 1

    javascript()

    assert before == snapshot(world.role_files())
    our_session().client("sts").get_caller_identity()
    assert world.count("GetRoleCredentials") == 2


OTHER = """
[profile other]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = AdministratorAccess
"""


def in_bash(node: str, tmp_path: Path, script: str, **changes: str) -> list[Credentials]:
    """Run a shell script, in which ``show`` prints the result of the SDK's default chain."""
    bash = shutil.which("bash")
    assert bash
    install_command(tmp_path)
    show = tmp_path / "show"
    show.write_text(f"#!/bin/sh\nexec {node} {HERE / 'default_chain.js'}\n", encoding="utf-8")
    show.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [bash, "-c", script],
        env=environment(PATH=path, **changes),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_after_env_the_sdk_uses_the_keys(world: World, node: str, tmp_path: Path) -> None:
    """The variable with the profile is removed. After --unset the SDK uses that profile again."""
    world.configure(world.emulator.profile() + OTHER)
    world.sign_in()
    script = 'eval "$(sso-plugin env --profile dev)"; show; eval "$(sso-plugin env --unset)"; show'
    found = in_bash(node, tmp_path, script, AWS_PROFILE="other")
    assert [account_of(each) for each in found] == ["111111111111", "222222222222"]


def test_in_exec_the_sdk_uses_the_credential_endpoint(
    world: World, node: str, tmp_path: Path
) -> None:
    """A profile named default has no priority. Other profiles can still be named."""
    world.configure(
        world.emulator.profile()
        + OTHER
        + "".join(
            OTHER.replace("profile other", name)
            for name in ("profile 'default'", " default ", "profile.default")
        )
    )
    world.sign_in()
    keys = "aws_access_key_id = {0}\naws_secret_access_key = {0}\n"
    (world.home / ".aws/credentials").write_text(
        f"[default]\n{keys.format('AKIA1')}[keys]\n{keys.format('AKIA2')}"
    )
    script = 'sso-plugin exec --profile dev -- sh -c "show; export AWS_PROFILE=keys; show"'
    handed, named = in_bash(node, tmp_path, script, AWS_PROFILE="other")
    assert account_of(handed) == "111111111111"
    assert named["accessKeyId"] == "AKIA2"
