"""Data and messages on terminals and in pipes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal, run

from sso_plugin.cli import output

if TYPE_CHECKING:
    from world import World


class TestNames:
    """Names from the portal, in tables and lines."""

    @pytest.mark.long
    def test_account_ids_are_not_broken_on_a_narrow_terminal(self, world: World) -> None:
        """Other columns are folded."""
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
        assert 'accountName has control characters ("evil\ufffd[2J name")' in terminal.text
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
