"""``sso-plugin exec``: its arguments, messages and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_plugin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from world import World


def test_a_command_that_cannot_be_run_is_an_error(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and the exit code of a shell."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "--", "no-such-command"]) == 127
    plain = tmp_path / "plain"
    plain.touch()
    assert main(["exec", "-p", "dev", "--", str(plain)]) == 126
    assert capsys.readouterr().err == (
        "sso-plugin: no-such-command cannot be run: No such file or directory\n"
        f"sso-plugin: {plain} cannot be run: Permission denied\n"
    )


def test_without_a_login_the_command_is_not_started(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error comes before the command starts."""
    started = tmp_path / "started"
    assert main(["exec", "-p", "dev", "--", "touch", str(started)]) == 1
    assert "Run: sso-plugin login --profile dev" in capsys.readouterr().err
    assert not started.exists()


def test_a_profile_without_credentials_is_an_error(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the missing settings."""
    world.configure("[profile plain]\nregion = eu-central-1\n")
    assert main(["exec", "-p", "plain", "--", "true"]) == 1
    assert capsys.readouterr().err == (
        'sso-plugin: The profile "plain" has no credentials. Add sso_session, sso_account_id '
        "and sso_role_name to it.\n"
    )


def test_options_after_the_command_belong_to_it(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """With and without two dashes."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "echo", "--profile", "x", "--help"]) == 0
    assert capfd.readouterr().out == "--profile x --help\n"
