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


def test_a_dry_run_writes_nothing(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --diff, the diff is on standard output. Messages are on standard error."""
    before = config_file.read_bytes()
    assert main(["configure", "--dry-run", "--diff", "--role", "ReadOnlyAccess"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"--- {config_file}\n+++ {config_file}\n@@ ")
    assert "\n+[profile production-ReadOnlyAccess]\n" in captured.out
    summary = f"Profiles in {config_file}:\n  1 new: production-ReadOnlyAccess\n"
    assert captured.err == f"{summary}Nothing was written.\n"
    assert not list(config_file.parent.glob("sso-plugin/configure-*.json"))
    assert config_file.read_bytes() == before


@pytest.mark.long
def test_without_a_terminal_the_command_needs_yes(
    config_file: Path, no_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It never writes without a confirmation."""
    before = config_file.read_bytes()
    assert main(["configure"]) == 2
    assert (
        'Nothing was written: standard input has no answer to "Write these changes?". Run this '
        "command in a terminal, or add --yes." in capsys.readouterr().err
    )
    assert config_file.read_bytes() == before
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err.endswith(f"{config_file} is written.\n")
    assert main(["configure", "--yes"]) == 0
    assert capsys.readouterr().err == f"{config_file} is up to date.\n"


def test_the_diff_has_no_escape_sequences(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Those in the file are replaced."""
    text = session_section(world)
    world.configure(text + "# \x1b[31mred \udcff\n".encode("utf-8", "replace").decode())
    assert main(["configure", "--dry-run", "--diff"]) == 0
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
    """In a real terminal, below the summary. The default is no."""
    before = config_file.read_bytes()
    with Terminal("configure") as terminal:
        terminal.read_until(r"Write these changes\? \[y/N\]: ")
        assert "  4 new: production-AdministratorAccess, " in terminal.text
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


def err_of(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Run the command, and return its messages."""
    assert main(["configure", *words]) == 0
    return capsys.readouterr().err.splitlines()


def test_the_next_run_is_one_word(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It uses the options of the last run that wrote, and says so."""
    first = err_of(capsys, "--account", "prod*", "--region", "eu-central-1", "--yes")
    assert first[-1] == "The options are saved for the next run. To forget them, add --reset."
    assert err_of(capsys) == [
        "Saved options: --account 'prod*' --region eu-central-1",
        f"{config_file} is up to date.",
    ]


def test_a_run_changes_only_the_options_that_are_given(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty value clears an option, and a boolean option has a way off."""
    err_of(capsys, "--account", "prod*", "--set", "output=json", "--lowercase", "--yes")
    second = err_of(capsys, "--set", "output=text", "--yes")
    assert second[0] == "Saved options: --account 'prod*' --lowercase"
    assert "  2 changed (output): " in second[2]
    third = err_of(capsys, "--account", "", "--no-lowercase", "--yes")
    assert third[0] == "Saved options: --set output=text"
    assert third[2] == "  2 new: staging-AdministratorAccess, sandbox-AdministratorAccess"
    assert err_of(capsys)[0] == "Saved options: --set output=text"


def test_reset_forgets_the_saved_options(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --no-save, only for this run."""
    err_of(capsys, "--account", "prod*", "--yes")
    assert err_of(capsys, "--reset", "--no-save", "--yes")[1].startswith("  2 new: staging")
    assert err_of(capsys)[0] == "Saved options: --account 'prod*'"
    assert err_of(capsys, "--reset")[-1] == "The options are forgotten."
    assert err_of(capsys) == [f"{config_file} is up to date."]


def test_options_are_not_saved_if_the_user_declines(
    config_file: Path, no_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor with --no-save."""
    assert main(["configure", "--account", "prod*"]) == 2
    err_of(capsys, "--account", "sand*", "--no-save", "--yes")
    assert "Saved options" not in err_of(capsys, "--dry-run")[0]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--region", "eu-centrl"],
            "'--region': \"eu-centrl\" is not a valid region. Use one such as eu-central-",
        ),
        (["--region", "prod*=x"], '"x" is not a valid region. Use one such as eu-central-1. See'),
        (["--sso-region", "EU-CENTRAL-1"], "is not a valid region. Use one such as eu-central-1"),
        (["--set", "output"], '"output" has no value: use KEY=VALUE'),
        (["--set", "region=x"], '"region" cannot be set: use --region. See: sso-plugin configure'),
        (
            ["--pick"],
            'no answer to "Roles". Run this command in a terminal, or add --account PATTERN',
        ),
        (
            ["--start-url", "http://x.example"],
            "is not a valid start URL: it has to begin with https",
        ),
        (["--template", "{account}"], '"{account}" is not a valid template: there is no field'),
    ],
)
def test_an_invalid_option_is_a_usage_error(
    config_file: Path,
    no_terminal: None,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    """Nothing is written, and nothing is saved."""
    before = config_file.read_bytes()
    assert main(["configure", "--yes", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert config_file.read_bytes() == before
    assert not list(config_file.parent.glob("sso-plugin/configure-*.json"))


def test_a_region_that_botocore_does_not_know_is_reported(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is used, because it may be newer than botocore."""
    first, *_ = err_of(capsys, "--region", "eu-centrl-1", "--yes", "--no-save")
    assert first.startswith("botocore does not know the region eu-centrl-1. Similar ones: eu-c")
    assert "region = eu-centrl-1\n" in config_file.read_text()


@pytest.mark.long
def test_picked_roles_are_saved_and_new_ones_are_named(
    world: World, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a real terminal. The next run writes the same ones."""
    with Terminal("configure", "--pick", "--yes", TERM="dumb") as terminal:
        terminal.read_until(r"Roles \[all\]")
        terminal.press("2, 4\n")
        assert terminal.finish() == 0
    assert "  2 new: production-ReadOnlyAccess, sandbox-AdministratorAccess" in terminal.text
    world.emulator.assign("alice", "222222222222", "ReadOnlyAccess")
    assert err_of(capsys) == [
        "Saved options: --pick (2 roles)",
        "1 role is new and not chosen: ReadOnlyAccess in staging. To choose, run: "
        "sso-plugin configure --pick",
        f"{config_file} is up to date.",
    ]
