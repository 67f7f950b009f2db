"""``sso-plugin accounts`` and ``sso-plugin roles``: tables, lines and JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import Terminal, run, start

if TYPE_CHECKING:
    from world import World


ACCOUNTS = [
    {"account_id": "111111111111", "name": "production", "email": "production@example.com"},
    {"account_id": "222222222222", "name": "staging", "email": "staging@example.com"},
    {"account_id": "333333333333", "name": "sandbox", "email": "sandbox@example.com"},
]


def lines_of_json(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


class TestLists:
    """On a terminal, in a pipe, and as JSON."""

    @pytest.mark.long
    def test_accounts_as_json(self, world: World) -> None:
        """One JSON object per line."""
        world.sign_in()
        done = run("accounts", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(lines_of_json(done.stdout), key=lambda each: each["account_id"]) == ACCOUNTS

    @pytest.mark.long
    def test_accounts_in_a_pipe(self, world: World) -> None:
        """One line for each account, with tabs."""
        world.sign_in()
        done = run("accounts", "--profile", "dev")
        rows = sorted(line.split("\t") for line in done.stdout.splitlines())
        assert rows == [list(each.values()) for each in ACCOUNTS]

    @pytest.mark.long
    def test_accounts_on_a_terminal_are_a_table(self, world: World) -> None:
        """With column headers."""
        world.sign_in()
        with Terminal("accounts", columns=100) as terminal:
            assert terminal.finish() == 0
        text = "\n".join(terminal.lines)
        assert re.search(r"account id +name +email", text)
        for each in ACCOUNTS:
            assert re.search(" +".join(each.values()), text)

    @pytest.mark.long
    def test_roles_in_a_pipe(self, world: World) -> None:
        """The roles in all accounts."""
        world.sign_in()
        done = run("roles")
        assert sorted(done.stdout.splitlines()) == [
            "111111111111\tproduction\tAdministratorAccess",
            "111111111111\tproduction\tReadOnlyAccess",
            "222222222222\tstaging\tAdministratorAccess",
            "333333333333\tsandbox\tAdministratorAccess",
        ]

    @pytest.mark.long
    @pytest.mark.parametrize("account", ["222222222222", "staging"])
    def test_roles_of_one_account(self, world: World, account: str) -> None:
        """The account is given by its id or its name."""
        world.sign_in()
        done = run("roles", "--account", account, "--json")
        assert lines_of_json(done.stdout) == [
            {
                "account_id": "222222222222",
                "account_name": "staging",
                "role_name": "AdministratorAccess",
            }
        ]

    @pytest.mark.long
    def test_a_closed_pipe_is_not_reported(self, world: World) -> None:
        """As in ``sso-plugin roles | head -1``."""
        world.sign_in()
        with start("roles") as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == ""

    @pytest.mark.long
    def test_each_line_is_printed_as_soon_as_it_is_known(self, world: World) -> None:
        """The first line is printed before the second page is requested."""
        world.sign_in()
        world.emulator.settings.page_size = 1
        world.emulator.faults.add("ListAccounts", latency=0.01, times=1)
        world.emulator.faults.add("ListAccounts", kind="hang")
        with start("accounts") as process:
            assert process.stdout
            first = process.stdout.readline()
            assert world.count("ListAccounts") == 1
            world.emulator.faults.clear()
            assert (first + process.stdout.read()).count("\n") == 3
