"""Data and messages on terminals and in pipes."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import ENTRY, Terminal, environment, run

from sso_plugin.cli import output

if TYPE_CHECKING:
    from world import World


class TestNames:
    """Names from the portal, in tables and lines."""

    @pytest.mark.long
    def test_account_ids_are_not_broken_on_a_narrow_terminal(self, world: World) -> None:
        """Other columns go below."""
        world.sign_in()
        with Terminal("accounts", columns=24) as terminal:
            assert terminal.finish() == 0
        for account_id in ("1" * 12, "2" * 12, "3" * 12):
            assert any(line.startswith(account_id) for line in terminal.lines)

    @pytest.mark.long
    def test_control_characters_do_not_reach_the_terminal(self, world: World) -> None:
        """An account whose name contains them is left out and reported."""
        self.rename(world, "evil\x1b[2J\tname")
        world.sign_in()
        with Terminal("accounts") as terminal:
            assert terminal.finish() == 0
        assert 'accountName has control characters ("evil\ufffd[2J name")' in terminal.words
        assert len(run("accounts").stdout.splitlines()) == 2

    @pytest.mark.long
    def test_characters_that_the_terminal_does_not_support_are_escaped(self, world: World) -> None:
        """Names may be in any script."""
        self.rename(world, "Zürich\u3000東京")
        world.sign_in()
        assert "\tZürich\u3000東京\t" in run("accounts", PYTHONUTF8="1").stdout
        done = run("accounts", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert (done.returncode, done.stderr) == (0, "")
        assert "\tZ\\xfcrich" in done.stdout

    @staticmethod
    def rename(world: World, name: str) -> None:
        """Give the first account of the organization another name."""
        organization = world.emulator.organization
        first, *others = organization.accounts
        accounts = (replace(first, name=name), *others)
        world.emulator.reset(replace(organization, accounts=accounts))
        world.configure(world.emulator.profile())


def test_fields_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """One property per line, without control characters."""
    output.print_fields({"state": "usable", "start URL": "x\x1by"})
    assert capsys.readouterr().out == "state      usable\nstart URL  x\ufffdy\n"


def test_a_row_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A tab or a line break in a value does not change the columns."""
    output.print_row(7, "a\tb\nc")
    printed = capsys.readouterr().out
    assert (printed.count("\t"), printed.count("\n")) == (1, 1)


def test_a_message_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Text in brackets is not markup."""
    output.say("See [profile dev]", "bold red")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "See [profile dev]\n")


def test_a_closed_stream_is_not_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python sets a stream to None if it was closed before the start."""
    monkeypatch.setattr("sys.stdout", None)
    assert not output.is_terminal()
    assert not output.is_terminal(None)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_nothing_is_shown_on_the_other_stream(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], closed: str
) -> None:
    """A stream that is closed does not send its text elsewhere."""
    monkeypatch.setattr(f"sys.{closed}", None)
    output.print_line(("", "data"))
    output.say("message")
    out, err = capsys.readouterr()
    assert (out, err) == (("", "message\n") if closed == "stdout" else ("data\n", ""))


@pytest.mark.long
def test_a_command_without_standard_output_succeeds(world: World) -> None:
    """There is no program that reads its data."""
    world.sign_in()
    script = f"{sys.executable} -c '{ENTRY}' status >&-"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_style_needs_a_dark_or_a_light_background() -> None:
    """Yellow, white and black cannot be read on all of them."""
    words = " ".join(output.STYLES.values())
    assert not re.search("yellow|white|black|bright", words)


GREEN = "\x1b[32m"


@pytest.mark.long
class TestColours:
    """Each stream is judged by itself; the meaning is in the words too."""

    @pytest.mark.parametrize(
        ("changes", "colored"),
        [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
        ids=["a terminal", "NO_COLOR", "TERM=dumb"],
    )
    def test_on_a_terminal(self, world: World, changes: dict[str, str], *, colored: bool) -> None:
        """Unless the user does not want it, or the terminal has none."""
        world.sign_in()
        with Terminal("status", columns=120, stdout=None, **changes) as terminal:
            assert terminal.finish() == 0
        assert (f"{GREEN}usable" in terminal.screen) is colored
        assert re.search(r"^state +usable$", terminal.text, re.MULTILINE)

    def test_in_a_pipe(self, world: World) -> None:
        """Only if the user forces it, and then nothing is wrapped."""
        world.sign_in()
        assert "\x1b" not in run("status").stdout
        assert f"{GREEN}usable" in run("status", FORCE_COLOR="1").stdout
        long = run("whoami", "--profile", "gone", FORCE_COLOR="1", COLUMNS="40").stderr
        assert len(long.splitlines()) == 1

    def test_a_stream_that_is_no_terminal_has_none(self, world: World) -> None:
        """Standard output is a pipe, and standard error is not."""
        with Terminal("status", "-p", "dev", stdout=subprocess.PIPE) as terminal:
            assert terminal.finish() == 2
            assert "\x1b" not in terminal.piped()
        assert "\x1b[1m" in terminal.screen


@pytest.mark.long
@pytest.mark.parametrize("columns", [40, 60, 200])
def test_messages_have_whole_words_at_any_width(world: World, columns: int) -> None:
    """The command to run is on one line."""
    with Terminal("whoami", "-p", "dev", columns=columns, LC_ALL="C") as terminal:
        assert terminal.finish() == 1
    assert "sso-plugin login --profile dev" in terminal.lines[-1]
    assert max(len(line.rstrip()) for line in terminal.lines) <= columns
    assert terminal.words == (
        'sso-plugin: The profile "dev" needs a login: it has no access token. '
        "Run: sso-plugin login --profile dev"
    )
