"""Options that several commands have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from command import ENTRY

from sso_plugin.cli import main
from sso_plugin.cli.options import command, login_named

if TYPE_CHECKING:
    from world import World


class TestProfileAfterEnv:
    """Without options, commands use the profile that ``env`` unset."""

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("words", ["status", "accounts", "roles", "login", "logout"])
    def test_commands_use_the_profile_that_env_unset(
        self, world: World, monkeypatch: pytest.MonkeyPatch, words: str
    ) -> None:
        """Otherwise they would use the profile ``default``."""
        world.sign_in()
        world.configure(f"{world.config_file.read_text()}\n[default]\nregion = eu-west-1\n")
        monkeypatch.setenv("SSO_PLUGIN_UNDO", '{"AWS_PROFILE": ["dev", null]}')
        assert main([words]) == 0

    def test_a_profile_set_after_env_is_used(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Here it has no login."""
        world.sign_in()
        world.configure(f"{world.config_file.read_text()}\n[default]\nregion = eu-west-1\n")
        monkeypatch.setenv("SSO_PLUGIN_UNDO", '{"AWS_PROFILE": ["dev", null]}')
        monkeypatch.setenv("AWS_PROFILE", "default")
        assert main(["status"]) == 3

    def test_an_invalid_record_of_env_is_an_error(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The exit code of status is the one for errors, not a state."""
        world.sign_in()
        monkeypatch.setenv("SSO_PLUGIN_UNDO", "{")
        assert main(["status"]) == 3


def test_a_given_login_comes_before_the_profile_that_env_unset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Any option that names a login counts, not only --profile."""
    monkeypatch.setenv("SSO_PLUGIN_UNDO", '{"AWS_PROFILE": ["dev", null]}')
    assert login_named(None, None, None, None) == ("dev", None)
    assert login_named(None, "other", None, None) == ("other", None)
    assert login_named(None, None, "corp", None) == (None, "corp")
    assert login_named(None, None, None, "https://example.awsapps.com/start") == (None, None)


SECOND = """
[sso-session second]
sso_start_url = https://second.awsapps.com/start
sso_region = eu-west-1
"""


@pytest.mark.one_quick_case
@pytest.mark.parametrize("words", ["-p dev", "--account staging --sso-session corp"])
def test_a_command_in_exec_uses_the_login_of_exec(
    world: World, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of several: the credentials there are those of this login."""
    world.configure(world.emulator.profile() + SECOND)
    world.sign_in()
    inner = [sys.executable, "-c", ENTRY, "status"]
    assert main(["exec", *words.split(), "--", *inner]) == 0
    assert "sso-session  corp" in capfd.readouterr().out


def test_a_command_returns_its_exit_code_and_shows_its_examples() -> None:
    """Its docstring is the help."""

    @command("greet --name you", exit_codes="7 always")
    def greet() -> int:
        """Greet the user."""
        return 7

    result = CliRunner().invoke(greet, ["--help"])
    assert "Greet the user." in result.output
    assert "For example:\n    sso-plugin greet --name you" in result.output
    assert "Exit codes: 7 always." in result.output
    assert greet.main([], standalone_mode=False) == 7


@pytest.mark.parametrize("words", ["login", "logout", "status"])
@pytest.mark.parametrize("option", ["--profile", "--sso-session", "--start-url", "--sso-region"])
def test_a_login_is_named_once(
    world: World, capsys: pytest.CaptureFixture[str], words: str, option: str
) -> None:
    """By NAME or by an option."""
    assert main([words, "dev", option, "x"]) == 2
    assert "NAME cannot be combined with an option that names a login." in capsys.readouterr().err
