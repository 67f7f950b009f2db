"""The check that a new config file has exactly the intended change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.configloader import load_config
from configure_support import (
    BY_HAND,
    NAME_WITH_SECTION,
    NEW_PROFILE,
    role,
    roles_are,
    with_new_profile,
    write,
)

from sso_plugin import ConfigError
from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.commands.configure import config_text

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=ascii)
def test_the_check_of_the_new_file_alone_refuses_a_line_end(
    world: World, session_text: str, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """It also works if the check of the values fails to find one."""
    world.configure(session_text)
    file = world.config_file
    monkeypatch.setattr(config_text, "_check", lambda *_: None)
    roles_are(monkeypatch, role(role_name=NAME_WITH_SECTION.format(end)))
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="would not have the intended values after this change"):
        write()
    assert file.read_bytes() == before
    assert list(file.parent.glob(".config*")) == []


ADDED_TEXTS = [
    "[default]\nregion = us-east-1\n",
    "[profile other]\n",
    "[profile two words]\nregion = us-east-1\n",
    "[preview]\n",
    "[services x]\n",
    "[sso-session y]\nsso_region = us-east-1\n",
    "[DEFAULT]\ncredential_process = x\n",
]


def test_a_change_that_botocore_cannot_read_is_refused(tmp_path: Path) -> None:
    """Such as a second section with the same name."""
    path = tmp_path / "config"
    path.write_text(BY_HAND)
    with pytest.raises(ConfigError) as caught:
        ConfigFile.at(str(path)).replace(BY_HAND, BY_HAND + "[default]\n", Change())
    assert str(caught.value) == (
        f"botocore cannot read {path} after this change. Nothing was written."
    )
    assert path.read_text() == BY_HAND


@pytest.mark.parametrize("addition", ADDED_TEXTS)
@pytest.mark.parametrize("existing", ["", BY_HAND], ids=["new", "existing"])
def test_a_section_that_is_not_in_the_change_is_refused(
    tmp_path: Path, existing: str, addition: str
) -> None:
    """Also one of a kind that botocore ignores."""
    path = tmp_path / "config"
    if existing:
        path.write_text(existing.replace("[default]", "[profile first]"))
    file = ConfigFile.at(str(path))
    before = file.read()
    text = with_new_profile(before)
    with pytest.raises(ConfigError, match="would not have the intended values"):
        file.replace(before, text + addition, NEW_PROFILE)
    assert file.read() == before
    assert file.replace(before, text, NEW_PROFILE)


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change({"other": {"sso_session": "corp"}}),
        Change({"new": {"sso_session": "corp", "region": "x"}}),
        Change({"new": {}}),
        Change({"new": {"sso_session": "corp"}}, removed=["plain"]),
        Change({"new": {"sso_session": "corp"}}, {"corp": {}}),
    ],
)
def test_a_text_without_the_whole_change_is_refused(tmp_path: Path, change: Change) -> None:
    """The new text has to have exactly the change."""
    path = tmp_path / "config"
    path.write_text(BY_HAND)
    file = ConfigFile.at(str(path))
    text = with_new_profile(BY_HAND)
    with pytest.raises(ConfigError, match="would not have the intended values"):
        file.replace(BY_HAND, text, change)
    assert path.read_text() == BY_HAND


def test_values_of_the_default_section_are_expected(tmp_path: Path) -> None:
    """The keys of [DEFAULT], with indented blocks, are part of each section."""
    path = tmp_path / "config"
    path.write_text("[DEFAULT]\nregion = eu-west-1\ns3 =\n  max = 20\n\n  path = yes\n")
    file = ConfigFile.at(str(path))
    before = file.read()
    text = with_new_profile(before)
    assert file.replace(before, text, NEW_PROFILE)
    assert load_config(str(path))["profiles"]["new"]["s3"] == {"max": "20", "path": "yes"}
