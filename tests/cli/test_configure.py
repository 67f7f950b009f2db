"""The command `sso-plugin configure`: what it prints, and what it asks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import Terminal
from configure_support import configure_by_hand, session_section

from sso_plugin.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World


@pytest.fixture
def config_file(world: World) -> Path:
    """Return a config file that was written by hand. It has an sso-session."""
    return configure_by_hand(world)


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replace standard input by an empty file."""
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def test_a_dry_run_shows_the_diff_and_writes_nothing(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The diff is on standard output, messages are on standard error."""
    before = config_file.read_bytes()
    assert main(["configure", "--dry-run", "--role", "ReadOnlyAccess"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"--- {config_file}\n+++ {config_file}\n@@ ")
    assert "\n+[profile production-ReadOnlyAccess]\n" in captured.out
    assert captured.err == "Profiles: 1 to add.\nNothing was written.\n"
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_without_a_terminal_the_command_needs_yes(
    config_file: Path, no_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It never writes without a confirmation."""
    before = config_file.read_bytes()
    assert main(["configure"]) == 2
    assert (
        "Nothing was written: this is not a terminal, so you cannot be asked. Add --yes."
        in capsys.readouterr().err
    )
    assert config_file.read_bytes() == before
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err.endswith(
        "Profiles: 4 to add.\n" + f"{config_file} is written.\n"
    )
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err == f"{config_file} is up to date.\n"


def test_the_diff_has_no_escape_sequences(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Those in the file are replaced."""
    text = session_section(world)
    world.configure(text + "# \x1b[31mred \udcff\n".encode("utf-8", "replace").decode())
    assert main(["configure", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert " # \ufffd[31mred" in out


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "code", "last", "written"),
    [
        ("", 1, "Nothing was written.", False),
        ("n", 1, "Nothing was written.", False),
        ("y", 0, "is written.", True),
    ],
)
def test_the_command_asks_before_it_writes(
    config_file: Path, *, answer: str, code: int, last: str, written: bool
) -> None:
    """In a real terminal, below the diff. The default is no."""
    before = config_file.read_bytes()
    with Terminal("configure") as terminal:
        terminal.read_until(r"Write these changes\? \[y/N\]: ")
        assert "+[profile production-ReadOnlyAccess]" in terminal.text
        terminal.press(f"{answer}\n")
        assert terminal.finish() == code
    assert last in terminal.text
    assert (config_file.read_bytes() != before) == written


@pytest.mark.long
def test_an_interrupt_at_the_question_writes_nothing(config_file: Path) -> None:
    """The exit code is that of a program that Ctrl-C stops."""
    before = config_file.read_bytes()
    with Terminal("configure") as terminal:
        terminal.read_until(r"Write these changes\? \[y/N\]: ")
        # Python ignores an interrupt while it prepares the prompt, so press again if needed.
        terminal.press_ctrl_c()
        while terminal.is_running(seconds=10):
            terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert "sso-plugin: stopped" in terminal.text
    assert config_file.read_bytes() == before
