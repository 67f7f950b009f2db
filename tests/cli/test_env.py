"""``sso-plugin env``: the commands it prints, and its messages."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from command import run

from sso_plugin.cli import main

if TYPE_CHECKING:
    from world import World


STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made/up+\n"


PROFILE_UNSET = (
    "The shell now uses these keys; AWS_PROFILE is unset. To undo: "
    'eval "$(sso-plugin env --unset)"\n'
)


class TestOutput:
    """The variables that it sets and unsets, and its messages."""

    @pytest.mark.long
    def test_keys_expiration_and_region_are_set(self, world: World) -> None:
        """In this order; a message says that the keys are not renewed."""
        world.sign_in()
        done = run("env", "--profile", "dev", "--shell", "bash")
        names = re.findall(r"^export (\w+)=", done.stdout, re.MULTILINE)
        assert names == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "SSO_PLUGIN_PROFILE",
            "SSO_PLUGIN_SSO_SESSION",
            "SSO_PLUGIN_UNDO",
        ]
        assert re.fullmatch(
            r"These keys expire at .{16} \S+ \(in 60 minutes\) and are not renewed\. "
            r"For longer runs, use `sso-plugin exec`\.\n" + re.escape(PROFILE_UNSET),
            done.stderr,
        )

    @pytest.mark.long
    def test_keys_without_a_token_unset_an_old_token(self, world: World) -> None:
        """Otherwise the keys and the token would not match."""
        world.configure(STATIC)
        done = run("env", "--profile", "static", "--shell", "bash")
        assert done.stdout.startswith(
            "export AWS_ACCESS_KEY_ID=AKIDEXAMPLE\n"
            "export AWS_SECRET_ACCESS_KEY=made/up+\n"
            "unset AWS_SESSION_TOKEN\n"
            "unset AWS_CREDENTIAL_EXPIRATION\n"
        )
        assert done.stderr == f"These keys do not expire.\n{PROFILE_UNSET}"

    @pytest.mark.long
    def test_a_profile_without_credentials_is_an_error(self, world: World) -> None:
        """The message names the missing settings."""
        world.configure("[profile empty]\nregion = us-east-1\n")
        done = run("env", "--profile", "empty")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'sso-plugin: The profile "empty" has no credentials. Add sso_session, '
            "sso_account_id and sso_role_name to it.\n"
        )


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_on_a_terminal_it_prints_how_to_set_them(world: World) -> None:
    """Printing them does not set them."""
    from command import Terminal

    world.sign_in()
    with Terminal("env", "--profile", "dev", "--shell", "fish") as terminal:
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "To set them in this shell: sso-plugin env ... | source"


class TestUnset:
    """``env --unset`` undoes a previous call."""

    @pytest.mark.long
    def test_unset_without_a_previous_call_does_nothing(self) -> None:
        """Keys that the user set are kept."""
        done = run("env", "--unset", AWS_ACCESS_KEY_ID="AKIDMINE")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == ("Nothing to undo: `sso-plugin env` has set nothing in this shell.\n")

    @pytest.mark.long
    def test_unset_cannot_be_combined_with_a_profile(self) -> None:
        """It is a usage error."""
        done = run("env", "--unset", "--profile", "dev")
        assert (done.returncode, done.stdout) == (2, "")
        assert "--unset cannot be combined with --profile." in done.stderr


class TestFormats:
    """``--format``: the names of the AWS CLI, and what goes with them."""

    def test_a_format_is_for_a_program_or_for_a_shell(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Only a shell gets the hint how to undo."""
        world.configure(STATIC)
        assert main(["env", "-p", "static", "--format", "dotenv"]) == 0
        assert capsys.readouterr().out == (
            "AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=made/up+\n"
        )
        assert main(["env", "-p", "static", "--format", "fish"]) == 0
        captured = capsys.readouterr()
        assert captured.out.startswith("set -gx AWS_ACCESS_KEY_ID 'AKIDEXAMPLE';\n")
        assert "sso-plugin env --unset | source" in captured.err

    @pytest.mark.parametrize(
        ("words", "problem"),
        [
            (["--format", "json", "--shell", "bash"], "--format cannot be combined with --shell."),
            (["--unset", "--format", "json"], "--unset needs the format of a shell, such as"),
            (["--unset", "--account", "x"], "--unset cannot be combined with --account."),
        ],
    )
    def test_options_that_exclude_each_other_are_a_usage_error(
        self, words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The message names the help of the command."""
        assert main(["env", *words]) == 2
        error = capsys.readouterr().err
        assert problem in error
        assert error.endswith("See: sso-plugin env --help\n")


def test_a_role_needs_no_profile(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The variables for prompts name it."""
    world.sign_in()
    assert main(["env", "--account", "staging", "--shell", "bash"]) == 0
    captured = capsys.readouterr()
    for name, value in {"ACCOUNT": "staging", "ROLE": "AdministratorAccess"}.items():
        assert f"export SSO_PLUGIN_{name}={value}\n" in captured.out
    assert "SSO_PLUGIN_PROFILE" not in captured.out
