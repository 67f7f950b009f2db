"""The AWS CLI and the JavaScript SDK use a profile of ``sso-plugin configure``, not the login."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from caches import KEY
from command import environment, install_command
from sealed_login import seal_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

    Run = Callable[..., str]

HERE = Path(__file__).parent
PROFILE = "production-ReadOnlyAccess-process"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a program beside a command ``sso-plugin`` on PATH."""
    install_command(tmp_path)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    def run(*words: object, **variables: str) -> str:
        changed = environment(PATH=path, **variables)
        # The AWS CLI of a Linux distribution has its own Python packages.
        del changed["PYTHONPATH"]
        done = subprocess.run(
            [str(word) for word in words],
            env=changed,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def profile(world: World, run: Run) -> str:
    """Return a profile that serves the role ReadOnlyAccess to other programs."""
    world.sign_in()
    only = ["--account", "production", "--role", "ReadOnlyAccess", "--region", "eu-central-1"]
    run("sso-plugin", "configure", "--credential-process", "--yes", *only)
    return PROFILE


def test_the_aws_cli_is_served(world: World, aws_cli: str, run: Run, profile: str) -> None:
    """It uses the credentials in the cache. One request serves it and our own scripts."""
    sts = world.emulator.url
    words = ["--profile", profile, "--endpoint-url", sts, "sts", "get-caller-identity"]
    found = json.loads(run(aws_cli, *words, "--output", "json"))
    assert found["Account"] == "111111111111"
    assert "ReadOnlyAccess" in found["Arn"]
    run("sso-plugin", "whoami", "--profile", profile.removesuffix("-process"))
    assert world.count("GetRoleCredentials") == 1


def test_the_javascript_sdk_is_served(world: World, node: str, run: Run, profile: str) -> None:
    """The default chain runs the command in a shell."""
    found = json.loads(run(node, HERE / "default_chain.js", AWS_PROFILE=profile))
    sts = boto3.client(
        "sts",
        region_name="eu-central-1",
        aws_access_key_id=found["accessKeyId"],
        aws_secret_access_key=found["secretAccessKey"],
        aws_session_token=found["sessionToken"],
    )
    assert "ReadOnlyAccess" in sts.get_caller_identity()["Arn"]
    assert world.count("GetRoleCredentials") == 1


@pytest.fixture
def sealed_profile(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a profile that serves the role, beside a login whose token is encrypted."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    seal_login(world, sso_cache="memory")
    text = world.config_file.read_text().partition("\n[profile dev]")
    settings = "sso_token_cache = sealed\nsso_cache = sealed\nsso_key = env\n"
    world.configure(text[0].rstrip() + f"\n{settings}")
    only = ["--account", "production", "--role", "ReadOnlyAccess", "--region", "eu-central-1"]
    run("sso-plugin", "configure", "--credential-process", "--yes", *only)
    return PROFILE


def test_the_aws_cli_is_served_beside_an_encrypted_login(
    world: World, aws_cli: str, run: Run, sealed_profile: str
) -> None:
    """It cannot use the profile of the login itself. No secret is in clear text."""
    sts = ["--endpoint-url", world.emulator.url, "sts", "get-caller-identity", "--output", "json"]
    found = json.loads(run(aws_cli, "--profile", sealed_profile, *sts))
    assert "ReadOnlyAccess" in found["Arn"]
    with pytest.raises(AssertionError, match="Token for corp does not exist"):
        run(aws_cli, "--profile", sealed_profile.removesuffix("-process"), *sts)
    assert_sealed(world)


def test_the_javascript_sdk_is_served_beside_an_encrypted_login(
    world: World, node: str, run: Run, sealed_profile: str
) -> None:
    """Both use the same credentials: one request is sent for all processes."""
    run("sso-plugin", "whoami", "--profile", sealed_profile.removesuffix("-process"))
    found = json.loads(run(node, HERE / "default_chain.js", AWS_PROFILE=sealed_profile))
    assert found["accountId"] == "111111111111"
    assert world.count("GetRoleCredentials") == 1
    assert_sealed(world)


def assert_sealed(world: World) -> None:
    """Check that no file below the home directory has a secret in clear text."""
    for path in world.home.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert not re.search("accessToken|clientSecret|SecretAccessKey", text), path
