"""The record of what ``env`` changed, and the environment before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import pytest
from command import run

from sso_plugin.commands.aws_variables import (
    _OLD_KEYS,
    IN_EXEC,
    KEYS,
    UNDO,
    chosen_profile,
    environment_before,
    login_of_shell,
    own_environment,
    profile_before_env,
    record,
    switch_variables,
    undo_variables,
    use_own_files,
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


class TestLoginOfShell:
    """The login of a shell that ``env``, ``exec`` or ``serve`` has given other credentials."""

    SHELL: ClassVar = {
        UNDO: '{"AWS_PROFILE": ["dev", null]}',
        "SSO_PLUGIN_PROFILE": "b",
        "SSO_PLUGIN_SSO_SESSION": "corp",
    }

    def test_it_is_that_of_its_credentials(self) -> None:
        """Without an sso-session, it is that of the profile before."""
        assert login_of_shell(self.SHELL) == (None, "corp")
        assert login_of_shell(self.SHELL, as_profile=True) == ("b", None)
        assert login_of_shell({UNDO: self.SHELL[UNDO]}) == ("dev", None)

    def test_elsewhere_the_variables_choose_nothing(self) -> None:
        """Nor if a profile was set since."""
        variables = {name: value for name, value in self.SHELL.items() if name != UNDO}
        assert login_of_shell(variables) == (None, None)
        assert login_of_shell({**self.SHELL, "AWS_PROFILE": "c"}, as_profile=True) == (None, None)


class TestInExec:
    """The environment of a command of ``exec``, and switches in it."""

    def environ(self) -> dict[str, str]:
        own = {"AWS_PROFILE": "mine", "AWS_REGION": "eu-north-1"}
        child = {"AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/run/x", "HOME": "/home/alice"}
        return {**child, IN_EXEC: record(own, {**dict.fromkeys(own), **child})}

    def test_the_own_environment_is_the_one_before_exec(self) -> None:
        """Without the files of exec, and with the profile of the user."""
        assert own_environment(self.environ()) == {
            "AWS_PROFILE": "mine",
            "AWS_REGION": "eu-north-1",
            "HOME": "/home/alice",
        }
        assert chosen_profile(self.environ()) == "mine"
        assert profile_before_env(self.environ()) == "mine"

    def test_the_own_files_can_be_named_again(self) -> None:
        """A damaged record changes nothing."""
        environ = self.environ()
        use_own_files(environ)
        assert "AWS_CONFIG_FILE" not in environ
        damaged = {**self.environ(), UNDO: "{"}
        use_own_files(damaged)
        assert damaged["AWS_CONFIG_FILE"] == "/run/x"

    def test_env_leaves_the_files_of_exec_until_it_is_undone(self) -> None:
        """The profile ``default`` in them is that of exec."""
        environ = self.environ()
        switch = switch_variables({"AWS_REGION": None, "SSO_PLUGIN_PROFILE": "b"}, environ)
        assert switch["AWS_CONFIG_FILE"] is None
        after = {**environ, **switch}
        inside = {name: value for name, value in after.items() if value is not None}
        undo = undo_variables(inside)
        restored = {name: value for name, value in {**inside, **undo}.items() if value is not None}
        assert restored == environ

    def test_a_second_switch_undoes_what_the_first_one_set(self) -> None:
        """Such as the config file of ``serve``."""
        first = switch_variables({"AWS_CONFIG_FILE": "/serve", "AWS_REGION": "eu-west-1"}, {})
        inside = {name: value for name, value in first.items() if value is not None}
        second = switch_variables({"AWS_ACCESS_KEY_ID": "AKID"}, inside)
        assert (second["AWS_CONFIG_FILE"], second["AWS_REGION"]) == (None, None)
        assert second[UNDO] == "{}"

    def test_a_record_of_exec_that_is_invalid_is_an_error(self) -> None:
        """It names the variable."""
        with pytest.raises(ConfigError, match=r"by `sso-plugin exec`\. Unset SSO_PLUGIN_EXEC"):
            own_environment({IN_EXEC: "{"})

    def test_a_record_has_no_character_that_a_shell_expands(self) -> None:
        """Not even for cmd.exe, which has no quotes for some."""
        hostile = "a'b&c%d!e^f|g<h>i`j$k\nl\u2019"
        text = record({}, {"AWS_PROFILE": hostile})
        assert not set(text) & set("'&%!^|<>`$\n\u2019")
        assert json.loads(text) == {"AWS_PROFILE": [None, hostile]}


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
            'export SSO_PLUGIN_UNDO=\'{"SSO_PLUGIN_PROFILE": [null, "static"], '
            '"AWS_PROFILE": ["x", null]}\''
        )
