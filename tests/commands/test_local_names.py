"""The config file without botocore: the same sections and values as botocore reads."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

import pytest
from botocore.configloader import load_config
from configure_support import BY_HAND
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_plugin.commands.local_names import profile_suggestion, read_config

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

SECTIONS = """\
[default]
region = eu-west-1
[profile dev]
sso_session = corp
[profile "with space"]
[profile  two words]
[profiles odd]
[profile]
[sso-session corp]
SSO_Start_URL = https://example.awsapps.com/start
[sso-session 'quoted']
[sso-session "open]
[services local]
[other]
"""


def compare(file: Path) -> None:
    """Check that both read the same profiles and sso-sessions, but for nested values."""
    expected = load_config(str(file))
    found = read_config({"AWS_CONFIG_FILE": str(file)})
    for kind, ours in (("profiles", found.profiles), ("sso_sessions", found.sso_sessions)):
        assert ours.keys() == expected[kind].keys()
        for name, section in expected[kind].items():
            flat = {key: value for key, value in section.items() if isinstance(value, str)}
            assert {key: ours[name][key] for key in flat} == flat


@pytest.mark.parametrize("text", ["", BY_HAND, SECTIONS, "[DEFAULT]\nx = 1\n[profile a]\n"])
def test_it_reads_what_botocore_reads(tmp_path: Path, text: str) -> None:
    """Also sections that are quoted, or are neither."""
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    compare(file)


WORDS = st.sampled_from(
    ["profile", "sso-session", "default", "a", "b c", '"q r"', "'", "x = 1", ""]
)


@settings(max_examples=50)
@given(headers=st.lists(st.lists(WORDS, max_size=3).map(" ".join), unique=True))
def test_it_reads_any_headers_as_botocore_does(
    tmp_path_factory: pytest.TempPathFactory, headers: list[str]
) -> None:
    """Or neither can read the file."""
    file = tmp_path_factory.mktemp("any") / "config"
    file.write_text("".join(f"[{header}]\nkey = {header}\n" for header in headers), "utf-8")
    try:
        read_config({"AWS_CONFIG_FILE": str(file)})
    except configparser.Error:
        return
    compare(file)


def test_a_missing_file_has_no_sections(world: World) -> None:
    """Its path is known."""
    world.config_file.unlink()
    assert read_config() == (str(world.config_file), {}, {})


def test_a_suggestion_needs_a_similar_name(world: World) -> None:
    """A file that cannot be read has none."""
    assert profile_suggestion("Dve") == "Did you mean: dev?"
    assert profile_suggestion("production") == ""
    world.configure("[broken")
    assert profile_suggestion("dev") == ""
