"""The record of what ``env`` changed, and the environment before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command import run

from sso_plugin.commands.aws_variables import (
    _OLD_KEYS,
    KEYS,
    UNDO,
    chosen_profile,
    environment_before,
    profile_before_env,
    undo_variables,
)
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from world import World


STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made/up+\n"


class TestProfileBeforeEnv:
    """The profile that ``env`` unset."""

    def test_a_profile_set_after_env_is_not_replaced(self) -> None:
        """Only a profile that is still unset is restored."""
        note = '{"AWS_PROFILE": ["dev", null]}'
        assert profile_before_env({UNDO: note}) == "dev"
        assert profile_before_env({UNDO: note, "AWS_PROFILE": "mine"}) is None
        assert profile_before_env({UNDO: "{}"}) is None
        assert profile_before_env({}) is None


class TestUndo:
    """The record that ``env`` writes, and the environment before it."""

    NOTE = '{"AWS_PROFILE": ["dev", null], "AWS_REGION": [null, "eu-west-1"]}'

    def test_later_changes_are_kept(self) -> None:
        """Only variables that still have the value that ``env`` set are restored."""
        environ = {UNDO: self.NOTE, "AWS_PROFILE": "mine", "AWS_REGION": "eu-north-1"}
        assert environment_before(environ) == {"AWS_PROFILE": "mine", "AWS_REGION": "eu-north-1"}

    def test_the_chosen_profile_is_the_one_before_env(self) -> None:
        """In the order of botocore; an empty name is ``default``."""
        assert chosen_profile({UNDO: self.NOTE}) == "dev"
        assert chosen_profile({"AWS_DEFAULT_PROFILE": "a", "AWS_PROFILE": "b"}) == "a"
        assert chosen_profile({"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": "b"}) == "default"
        assert chosen_profile({}) == "default"

    @pytest.mark.parametrize(
        "note",
        ["{", "[]", "7", "[" * 99999, '{"PATH": ["x", null]}', '{"AWS_PROFILE": [7, null]}'],
        ids=range(6),
    )
    def test_an_invalid_record_is_an_error(self, note: str) -> None:
        """It cannot set variables that ``env`` does not change."""
        with pytest.raises(ConfigError, match="Unset SSO_PLUGIN_UNDO"):
            undo_variables({UNDO: note})

    @pytest.mark.long
    def test_the_record_contains_no_key(self, world: World) -> None:
        """Neither a new key nor an old one."""
        world.configure(STATIC)
        old = dict.fromkeys((*KEYS, *_OLD_KEYS), "secret")
        done = run("env", "--profile", "static", "--shell", "bash", AWS_PROFILE="x", **old)
        assert done.stdout.splitlines()[-1] == (
            'export SSO_PLUGIN_UNDO=\'{"AWS_PROFILE": ["x", null]}\''
        )
