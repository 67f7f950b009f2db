"""The options that are saved for the next run."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from configure_support import role, roles_are, run_with, write

from sso_plugin.cli import main
from sso_plugin.commands.configure.configure_options import (
    ConfigureOptions,
    PickedRole,
    PickedRoles,
)
from sso_plugin.commands.configure.saved_options import SavedOptions, option_words

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ConfigureOptions(
    sso_session="corp",
    accounts=("ml-*", "a b"),
    roles=("R",),
    exclude=("*/x",),
    picked=PickedRoles(frozenset([PickedRole("1", "R")]), frozenset([PickedRole("1", "S")])),
    template="{role_name}",
    lowercase=True,
    regions=("eu-west-1",),
    settings=("output=json", "cli_pager="),
    credential_process=True,
    prune=True,
)


@pytest.fixture
def saved(config_file: Path) -> SavedOptions:
    """Return the saved options of the login in the config file."""
    return SavedOptions(run_with().login)


def the_file(config_file: Path) -> Path:
    [file] = config_file.parent.glob("sso-plugin/configure-*.json")
    return file


def test_what_was_saved_is_loaded(saved: SavedOptions) -> None:
    """All but the options for one run only: --prune, and those that name the login."""
    assert saved.save(OPTIONS)
    loaded = saved.load()
    assert loaded.saved == OPTIONS.saved
    assert (loaded.sso_session, loaded.prune) == ("", False)
    assert not saved.save(OPTIONS)


def test_the_file_is_readable_by_its_owner_only(config_file: Path, saved: SavedOptions) -> None:
    """As all files of ours. It has the roles by account."""
    saved.save(OPTIONS)
    file = the_file(config_file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["picked"] == {
        "chosen": {"1": ["R"]},
        "declined": {"1": ["S"]},
    }


def test_nothing_to_save_deletes_the_file(config_file: Path, saved: SavedOptions) -> None:
    """Options that are off are nothing."""
    saved.save(OPTIONS)
    assert saved.save(ConfigureOptions(accounts=(), lowercase=False, template=""))
    assert not list(config_file.parent.glob("sso-plugin/configure-*.json"))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"accounts": "ml"}',
        '{"accounts": [1]}',
        '{"lowercase": 1}',
        '{"template": null}',
        '{"template": "{x}"}',
        '{"picked": []}',
        '{"picked": {"chosen": {}}}',
        '{"regions": ["x"]}',
        '{"settings": ["aws_session_token=x"]}',
    ],
)
def test_a_damaged_file_is_ignored_with_a_warning(
    config_file: Path, saved: SavedOptions, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run works without it."""
    saved.save(OPTIONS)
    file = the_file(config_file)
    file.write_text(text)
    assert main(["configure", "--dry-run"]) == 0
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("sso-plugin: ")
    assert str(file) in first
    assert "ignored" in first
    assert second.startswith("Profiles in ")


def test_reset_deletes_a_damaged_file(config_file: Path, saved: SavedOptions) -> None:
    """Another run without options leaves it as it is: the user may want to fix it."""
    saved.save(OPTIONS)
    the_file(config_file).write_text("{")
    assert main(["configure", "--yes"]) == 0
    assert the_file(config_file).read_text() == "{"
    assert main(["configure", "--yes", "--reset"]) == 0
    assert not list(config_file.parent.glob("sso-plugin/configure-*.json"))


def test_an_option_of_a_later_version_is_ignored(config_file: Path, saved: SavedOptions) -> None:
    """The others are used."""
    saved.save(OPTIONS)
    the_file(config_file).write_text('{"roles": ["R"], "new": 1}')
    assert saved.load() == ConfigureOptions(roles=("R",))


def test_the_words_are_those_that_the_user_types() -> None:
    """Of many values, the first ones are shown."""
    assert option_words(OPTIONS, {"accounts", "lowercase", "picked"}) == (
        "--account 'ml-*' --account 'a b' --pick (1 role) --lowercase"
    )
    many = ConfigureOptions(accounts=tuple("abcdef"))
    assert option_words(many, {"accounts"}) == "--account a --account b --account c (3 more)"


def test_each_login_has_its_own_options(
    config_file: Path, saved: SavedOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also two logins of the same name, one after the other."""
    roles_are(monkeypatch, role())
    saved.save(OPTIONS)
    write(sso_session="other", start_url="https://x.awsapps.com/start", sso_region="eu-west-1")
    assert SavedOptions(run_with(sso_session="other").login).load() == ConfigureOptions()
    assert SavedOptions(run_with(sso_session="corp").login).load().saved == OPTIONS.saved
