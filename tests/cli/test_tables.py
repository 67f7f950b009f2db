"""Tables: on terminals of any width, and in a pipe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sso_plugin.cli import tables
from sso_plugin.cli.tables import FindingsTable, print_table
from sso_plugin.commands.doctor.finding import ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable

FINDINGS = (
    ok("hook", "The plugin is enabled in every new boto3 session of this interpreter."),
    problem("files", "There is no token: /a/b.json does not exist.", "sso-plugin login -p dev"),
    problem("network", "The portal cannot be reached.", "Check sso_region and the network."),
    warning("network", "The OIDC service cannot be reached.", "Check sso_region and the network."),
)


ROWS = (
    {"login": "corp", "state": "usable", "start URL": "https://corp.awsapps.com/start"},
    {"login": "https://a-long-name.awsapps.com/start", "state": "", "start URL": "https://東京.jp"},
    {"login": "x", "state": "login needed", "start URL": "https://x.awsapps.com/start and 7 more"},
)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            None,
            [
                "login                                  state         start URL",
                "corp                                   usable        https://corp.awsapps.com/start",
                "https://a-long-name.awsapps.com/start                https://東京.jp",
                "x                                      login needed  "
                "https://x.awsapps.com/start and 7 more",
            ],
        ),
        (
            60,
            [
                "login  state         start URL",
                "corp   usable        https://corp.awsapps.com/start",
                "https://a-long-name.awsapps.com/start",
                "                     https://東京.jp",
                "x      login needed  https://x.awsapps.com/start and 7 more",
            ],
        ),
        (
            36,
            [
                "login  state         start URL",
                "corp   usable",
                "  https://corp.awsapps.com/start",
                "https://a-long-name.awsapps.com/start",
                "                     https://東京.jp",
                "x      login needed",
                "  https://x.awsapps.com/start and 7",
                "  more",
            ],
        ),
    ],
)
def test_no_word_of_a_table_is_broken(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int | None,
    expected: list[str],
) -> None:
    """One that does not fit is on a line of its own, and the others stay aligned."""
    monkeypatch.setattr(tables, "columns_of", lambda _: columns)
    print_table(ROWS, {"usable": "ok"})
    assert capsys.readouterr().out.splitlines() == expected


def test_an_empty_table_has_no_titles(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed."""
    print_table([], {})
    assert capsys.readouterr().out == ""


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[int | None], list[str]]:
    """Return a function that prints the table for a width, and returns its lines."""

    def print_all(columns: int | None) -> list[str]:
        monkeypatch.setattr(tables, "columns_of", lambda _: columns)
        table = FindingsTable()
        for finding in FINDINGS:
            table.print(finding)
        return capsys.readouterr().out.splitlines()

    return print_all


def test_in_a_pipe_each_message_is_one_line(shown: Callable[[int | None], list[str]]) -> None:
    """A command is alone on its line, and a fix is shown once."""
    assert shown(None) == [
        "ok       hook      The plugin is enabled in every new boto3 session of this interpreter.",
        "problem  files     There is no token: /a/b.json does not exist.",
        "                   Fix:",
        "                     sso-plugin login -p dev",
        "problem  network   The portal cannot be reached.",
        "                   Fix: Check sso_region and the network.",
        "warning  network   The OIDC service cannot be reached.",
        "                   Fix: the same as above.",
    ]


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_on_a_terminal_no_line_is_too_wide(
    shown: Callable[[int | None], list[str]], columns: int
) -> None:
    """No word is lost."""
    lines = shown(columns)
    assert max(map(len, lines)) <= columns
    assert " ".join(lines).split() == " ".join(shown(None)).split()


def test_on_a_narrow_terminal_the_message_has_the_whole_width(
    shown: Callable[[int | None], list[str]],
) -> None:
    """It is below its subject."""
    lines = shown(60)
    assert lines[0] == "ok       hook"
    assert all(re.match(r"(ok|problem|warning) |  \S|    \S", line) for line in lines)
