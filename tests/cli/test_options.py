"""Options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sso_plugin.cli import main
from sso_plugin.cli.options import command, profile_of

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
    assert profile_of(None, None, None, None) == "dev"
    assert profile_of("other", None, None, None) == "other"
    assert profile_of(None, "corp", None, None) is None
    assert profile_of(None, None, "https://example.awsapps.com/start", "eu-central-1") is None


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
