"""What `sso-plugin configure` shows before it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal
from configure_support import configure_by_hand, role, roles_are, write

from sso_plugin.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

MANY = [role(f"team-{number:03}", str(number)) for number in range(200)]


@pytest.fixture
def config_file(world: World) -> Path:
    """Return a config file that was written by hand. It has an sso-session."""
    return configure_by_hand(world)


def test_the_summary_has_a_line_for_each_kind_of_change(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A count, and the names. The keys that change are named, too."""
    roles_are(monkeypatch, role("a", "1"), role("b", "2"), role("c", "3"))
    write()
    write(accounts=("a",), region="eu-central-1")
    roles_are(monkeypatch, role("a", "1"), role("b", "2"), role("d", "4"))
    words = ["--region", "[ab]=eu-central-1", "--set", "output=json"]
    assert main(["configure", "--dry-run", *words]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"Profiles in {config_file}:",
        "  1 new: d-R",
        "  2 changed (output, region): a-R, b-R",
        "  1 stale: c-R. To remove them, add --prune",
        "Nothing was written.",
    ]


@pytest.mark.usefixtures("config_file")
def test_a_long_line_has_a_hanging_indent() -> None:
    """So each kind of change begins at the same place."""
    with Terminal("configure", "--dry-run", columns=60) as terminal:
        assert terminal.finish() == 0
    assert terminal.lines[-4:] == [
        "  4 new: production-AdministratorAccess,",
        "    production-ReadOnlyAccess, staging-AdministratorAccess,",
        "    sandbox-AdministratorAccess",
        "Nothing was written.",
    ]


def test_a_profile_with_a_new_name_is_renamed(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --prune. It is neither new nor removed."""
    roles_are(monkeypatch, role("A", "1"), role("b", "2"))
    write(credential_process=True)
    roles_are(monkeypatch, role("A", "1"))
    assert main(["configure", "--dry-run", "--lowercase", "--prune", "--credential-process"]) == 0
    assert capsys.readouterr().err.splitlines()[1:] == [
        "  2 renamed: A-R is now a-r, A-R-process is now a-r-process",
        "  2 removed: b-R, b-R-process",
        "Nothing was written.",
    ]


def test_many_changes_are_a_few_lines(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first names, and the number of the others; of stale profiles ten names."""
    roles_are(monkeypatch, *MANY)
    assert main(["configure", "--yes"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:2] == ["  200 new: team-000-R, team-001-R, team-002-R, and 197 more"]
    roles_are(monkeypatch, *MANY[:10])
    assert main(["configure"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{config_file} is up to date."
    assert lines[1].startswith("190 stale: team-010-R, team-011-R, ")
    assert lines[1].endswith(", team-019-R, and 180 more. To remove them, add --prune.")
    assert len(lines) == 2


def test_many_profiles_by_hand_are_a_few_lines(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that stay as they are, and those that keep a region."""
    roles_are(monkeypatch, *MANY)
    write(region="eu-west-1")
    text = config_file.read_text()
    by_hand = text.replace("region = eu-west-1", "region = eu-west-2")
    config_file.write_text(by_hand)
    assert main(["configure", "--region", "eu-west-3"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("200 profiles keep their region, which was set by hand: team-000-R")
    assert len(lines) == 3
    config_file.write_text(text.replace("# Managed", "# mine"))
    assert main(["configure", "--reset"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[10:11] == ["Profiles that stay as they are: 190 more."]
    assert len(lines) == 13


def test_a_new_sso_session_is_part_of_the_summary(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written, too."""
    world.sign_in(name="new")
    words = ["--start-url", world.emulator.start_url, "--sso-region", "eu-central-1"]
    assert main(["configure", "--dry-run", "--sso-session", "new", *words]) == 0
    assert "  the sso-session new is new\n  4 new: " in capsys.readouterr().err


def test_names_with_control_characters_are_replaced(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The names of accounts come from the portal, patterns from the user."""
    roles_are(monkeypatch, role("A b\x1b[31m", "1"), role("A-b[31m", "2"))
    assert main(["configure", "--dry-run"]) == 1
    assert main(["configure", "--dry-run", "--account", "\x1b[32mx*"]) == 1
    messages = capsys.readouterr().err
    assert "the role R in A b\ufffd[31m (1)" in messages
    assert 'No account matches "\ufffd[32mx*"' in messages
    assert "\x1b" not in messages
