"""The picker in a real pseudo-terminal, and the question in its place."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = """
import sys, click
from sso_plugin.cli.picker import pick_roles
from sso_plugin.portal.listings import AccountRole
number, chosen = map(int, sys.argv[1:])
roles = [AccountRole(f"{at:012}", f"company-name-account-{at:04}", role)
         for at in range(1, number + 1) for role in ("Admin", "ReadOnly")]
try:
    found = pick_roles(roles, roles[:chosen])
except click.Abort:
    sys.exit("stopped")
print("chosen:", *(f"{role.account_name[-4:]}/{role.role_name}" for role in found))
"""
PROGRAM = (sys.executable, "-c", SCRIPT)
LEFT = "\x1b[?1049l"
"""The sequence by which a program leaves the alternate screen."""

UP, DOWN, PAGE_DOWN, END = "\x1b[A", "\x1b[B", "\x1b[6~", "\x1b[F"


def pick(rows: int = 20, chosen: int = 0, columns: int = 80, **changes: Any) -> Terminal:
    return Terminal(str(rows), str(chosen), program=PROGRAM, columns=columns, **changes)


def press(terminal: Terminal, *steps: tuple[str, str]) -> None:
    """Press keys, and wait after each for what is then shown."""
    terminal.read_until_shown("chosen, .* shown")
    for keys, pattern in steps:
        terminal.press(keys)
        terminal.read_until_shown(pattern)


def test_a_person_filters_and_chooses() -> None:
    """What was chosen stays when the filter changes. Enter ends it."""
    with pick() as terminal:
        press(
            terminal,
            ("0003 read", "0 of 40 chosen, 1 shown"),
            ("\t", "1 of 40 chosen"),
            ("\x15", "40 shown"),
            ("0017", "2 shown"),
            ("\x01", "3 of 40 chosen"),
        )
        assert "Filter: 0017" in terminal.display[1]
        terminal.press("\r")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0003/ReadOnly 0017/Admin 0017/ReadOnly"
    assert terminal.screen.count(LEFT) == 1


@pytest.mark.long
def test_arrows_and_pages_move_the_cursor() -> None:
    """A space chooses the current row."""
    with pick(3000) as terminal:
        press(
            terminal,
            (DOWN, r"^> \[ \] company-name-account-0001  0{11}1  ReadOnly"),
            (" ", r"^  \[x\] .*0001  ReadOnly\n> "),
            (UP, r"^> \[x\] .*0001  ReadOnly"),
            (PAGE_DOWN, r"^> \[ \] .*account-00[12]\d"),
            (END, r"^> \[ \] .*-3000  0{8}3000  ReadOnly"),
            (" ", "2 of 6000 chosen"),
        )
        terminal.press("\r")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0001/ReadOnly 3000/ReadOnly"


@pytest.mark.long
def test_what_was_chosen_before_is_marked() -> None:
    """A person can change it."""
    with pick(chosen=2) as terminal:
        press(terminal, (" ", "1 of 40 chosen"))
        terminal.press("\r")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0001/ReadOnly"


@pytest.mark.long
@pytest.mark.parametrize("key", ["\x1b", "\x03", "\x04"], ids=["Esc", "Ctrl-C", "Ctrl-D"])
def test_a_person_can_stop(key: str) -> None:
    """The terminal is as before."""
    with pick() as terminal:
        press(terminal, ("\t", "1 of 40 chosen"))
        terminal.press(key)
        terminal.read_until("stopped")
        assert terminal.current_modes() == terminal.modes
        assert terminal.finish() == 1
    assert terminal.screen.count(LEFT) == 1


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(number: int) -> None:
    """Then it ends the process."""
    with pick() as terminal:
        press(terminal)
        assert terminal.current_modes() != terminal.modes
        terminal.send_signal(number)
        terminal.read_until(re.escape(LEFT), raw=True)
        while terminal.is_running(seconds=0.1):
            pass
        assert terminal.current_modes() == terminal.modes
        assert terminal.finish() == (1 if number == signal.SIGINT else 128 + number)


@pytest.mark.long
def test_a_resize_draws_the_list_again() -> None:
    """Long names are cut in the middle. All lines fit."""
    with pick(columns=120) as terminal:
        press(terminal, ("0003", "2 shown"))
        terminal.resize(36)
        terminal.read_until_shown(r"^> \[ \] company..t-0003  Admin$")
        terminal.read_until_shown(r"Space: next word  Enter: done\nCtrl-A: all shown  Esc: stop")


@pytest.mark.long
@pytest.mark.parametrize("columns", [60, 120])
def test_lines_are_not_cut_within_words(columns: int) -> None:
    """The help of the keys is complete."""
    with pick(columns=columns) as terminal:
        press(terminal)
        shown = " ".join("\n".join(terminal.display).split())
        assert "Choose the roles that get a profile. Type to filter. Filter:" in shown
        assert "Space: choose Enter: done Ctrl-A: all shown Esc: stop" in shown


@pytest.mark.long
def test_it_has_no_colors() -> None:
    """So it looks well on every background, and with NO_COLOR."""
    with pick(NO_COLOR="1") as terminal:
        press(terminal, ("\t", "1 of 40 chosen"))
        used = set(re.findall(r"\x1b\[([\d;]*)m", terminal.screen))
    assert {code for each in used for code in each.split(";")} <= {"", "0", "1", "7"}


QUESTION = r"Roles \[all\]: $"


@pytest.mark.long
@pytest.mark.parametrize(
    "changes",
    [{"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}],
    ids=["TERM=dumb", "another encoding"],
)
def test_other_terminals_get_a_question(changes: dict[str, Any]) -> None:
    """It is asked again until the answer is valid."""
    with pick(3, **changes) as terminal:
        terminal.read_until(QUESTION)
        assert "    1  company-name-account-0001  Admin" in terminal.lines
        terminal.press("9\n")
        terminal.read_until('No row matches "9".\nRoles')
        terminal.press("1, 5-6\n")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0001/Admin 0003/Admin 0003/ReadOnly"
    assert "\x1b[?1049h" not in terminal.screen


@pytest.mark.long
@pytest.mark.parametrize(
    ("keys", "last"),
    [
        (["\n"], "chosen: 0001/Admin 0001/ReadOnly 0002/Admin 0002/ReadOnly"),
        (["*/Admin\n"], "chosen: 0001/Admin 0002/Admin"),
    ],
)
def test_the_default_of_the_question_is_all(keys: Sequence[str], last: str) -> None:
    """Patterns are for the account and the role."""
    with pick(2, TERM="dumb") as terminal:
        terminal.read_until(QUESTION)
        for each in keys:
            terminal.press(each)
        assert terminal.finish() == 0
    assert terminal.lines[-1] == last


@pytest.mark.long
def test_a_long_list_is_counted() -> None:
    """A person uses a pattern."""
    with pick(3000, TERM="dumb") as terminal:
        terminal.read_until(QUESTION)
        assert "      and 5900 more" in terminal.lines
        terminal.press("*-2999\n")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 2999/Admin 2999/ReadOnly"


@pytest.mark.long
def test_lang_c_works() -> None:
    """Python uses UTF-8 there, and the list needs ASCII only."""
    with pick(LANG="C", LC_ALL="C") as terminal:
        press(terminal, ("0003 admin", "1 shown"))
        assert all(line.isascii() for line in terminal.display)
        terminal.press("\r")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0003/Admin"


@pytest.mark.long
def test_an_older_installation_gets_a_question() -> None:
    """The extra had other packages."""
    script = "import sys; sys.modules['prompt_toolkit'] = None\n" + SCRIPT
    with Terminal("2", "0", program=(sys.executable, "-c", script)) as terminal:
        terminal.read_until(QUESTION)
        terminal.press("1\n")
        assert terminal.finish() == 0
    assert terminal.lines[-1] == "chosen: 0001/Admin"
