"""What the commands print: for a person, for a pipe, for a program."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from command import Terminal, run, start

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

ACCOUNTS = [
    {"account_id": "111111111111", "name": "production", "email": "production@example.com"},
    {"account_id": "222222222222", "name": "staging", "email": "staging@example.com"},
    {"account_id": "333333333333", "name": "sandbox", "email": "sandbox@example.com"},
]


def lines_of_json(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


class TestStatus:
    """A look at the token file; the exit code is for scripts."""

    def test_usable(self, world: World) -> None:
        """Code 0, and everything there is to know."""
        world.sign_in()
        done = run("status", "--profile", "dev")
        assert (done.returncode, done.stderr) == (0, "")
        fields = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
        assert fields["state"] == "usable"
        assert fields["token"].startswith("7 hours 59 minutes left, until ")
        assert fields["renewal"].startswith("needs no login until ")
        assert fields["sso-session"] == "corp"
        assert fields["start URL"] == world.emulator.start_url
        assert fields["region"] == world.emulator.region
        assert fields["token file"] == str(world.token_file())

    def test_renewable(self, world: World) -> None:
        """Code 1: the next use renews it."""
        world.sign_in(expiresAt=PAST)
        done = run("status")
        assert done.returncode == 1
        assert "state        renewable\ntoken        expired " in done.stdout

    @pytest.mark.parametrize("signed_in", [True, False], ids=["expired", "none"])
    def test_login_needed(self, world: World, *, signed_in: bool) -> None:
        """Code 2, and the command on standard error."""
        if signed_in:
            world.sign_in(expiresAt=PAST, refreshToken=None)
        done = run("status", "--profile", "dev")
        assert (done.returncode, done.stderr) == (2, "Run: sso-plugin login --profile dev\n")
        assert done.stdout.startswith("state        login needed\n")

    def test_failed(self, world: World) -> None:
        """Code 3, which is none of the answers."""
        done = run("status", "--profile", "gone")
        assert (done.returncode, done.stdout) == (3, "")

    def test_as_json(self, world: World) -> None:
        """With times that every program understands."""
        world.sign_in(expiresAt="2099-01-31T22:15:00Z")
        done = run("status", "--sso-session", "corp", "--json")
        given = json.loads(done.stdout)
        assert given["state"] == "usable"
        assert given["expires_at"] == "2099-01-31T22:15:00Z"
        assert given["seconds_left"] > 0
        assert given["token_file"] == str(world.token_file())

    def test_it_goes_nowhere(self, world: World) -> None:
        """A prompt of a shell may show it."""
        world.sign_in(expiresAt=PAST)
        run("status")
        assert len(list(world.emulator.requests)) == 0


class TestLists:
    """Accounts and roles."""

    def test_accounts_for_programs(self, world: World) -> None:
        """One JSON object on each line."""
        world.sign_in()
        done = run("accounts", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(lines_of_json(done.stdout), key=lambda each: each["account_id"]) == ACCOUNTS

    def test_accounts_in_a_pipe(self, world: World) -> None:
        """One line each, with tabs."""
        world.sign_in()
        done = run("accounts", "--profile", "dev")
        rows = sorted(line.split("\t") for line in done.stdout.splitlines())
        assert rows == [list(each.values()) for each in ACCOUNTS]

    def test_accounts_on_a_terminal(self, world: World) -> None:
        """A table with a head."""
        world.sign_in()
        with Terminal("accounts", columns=100) as terminal:
            assert terminal.finish() == 0
        text = "\n".join(terminal.lines)
        assert re.search(r"account id +name +email", text)
        for each in ACCOUNTS:
            assert re.search(" +".join(each.values()), text)

    def test_a_table_fits_a_narrow_terminal(self, world: World) -> None:
        """What cannot be broken stays whole: the ids."""
        world.sign_in()
        with Terminal("accounts", columns=24) as terminal:
            assert terminal.finish() == 0
        for each in ACCOUNTS:
            assert any(line.startswith(each["account_id"]) for line in terminal.lines)

    def test_json_on_a_terminal_is_json(self, world: World) -> None:
        """The bar leaves nothing between the lines."""
        world.sign_in()
        with Terminal("roles", "--json", columns=200) as terminal:
            assert terminal.finish() == 0
        found = [json.loads(line) for line in terminal.lines if line.startswith("{")]
        assert len(found) == 4

    def test_roles_in_a_pipe(self, world: World) -> None:
        """Of all accounts."""
        world.sign_in()
        done = run("roles")
        assert sorted(done.stdout.splitlines()) == [
            "111111111111\tproduction\tAdministratorAccess",
            "111111111111\tproduction\tReadOnlyAccess",
            "222222222222\tstaging\tAdministratorAccess",
            "333333333333\tsandbox\tAdministratorAccess",
        ]

    @pytest.mark.parametrize("account", ["222222222222", "staging"])
    def test_roles_of_one_account(self, world: World, account: str) -> None:
        """By its id or its name."""
        world.sign_in()
        done = run("roles", "--account", account, "--json")
        assert lines_of_json(done.stdout) == [
            {
                "account_id": "222222222222",
                "account_name": "staging",
                "role_name": "AdministratorAccess",
            }
        ]

    def test_a_reader_that_goes_away_is_no_failure_to_speak_of(self, world: World) -> None:
        """As in ``sso-plugin roles | head -1``."""
        world.sign_in()
        with start("roles") as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == ""

    def test_names_cannot_steer_the_terminal(self, world: World) -> None:
        """An account whose name no account can have is left out, and reported."""
        self.rename(world, "evil\x1b[2J\tname")
        world.sign_in()
        with Terminal("accounts") as terminal:
            assert terminal.finish() == 0
        assert 'accountName has control characters ("evil\ufffd[2J name")' in terminal.text
        assert len(run("accounts").stdout.splitlines()) == 2

    def test_names_may_be_written_in_any_script(self, world: World) -> None:
        """Where there are no letters for it, their numbers are shown."""
        self.rename(world, "Zürich\u3000東京")
        world.sign_in()
        assert "\tZürich\u3000東京\t" in run("accounts", PYTHONUTF8="1").stdout
        done = run("accounts", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert (done.returncode, done.stderr) == (0, "")
        assert "\tZ\\xfcrich" in done.stdout

    def test_each_line_is_printed_as_soon_as_it_is_known(self, world: World) -> None:
        """The first one comes while the portal still takes its time with others."""
        world.sign_in()
        world.emulator.settings.page_size = 1
        world.emulator.faults.add("ListAccounts", latency=1)
        with start("accounts") as process:
            assert process.stdout
            first = process.stdout.readline()
            assert world.count("ListAccounts") == 1
            world.emulator.faults.clear()
            assert (first + process.stdout.read()).count("\n") == 3

    def test_the_bar_is_on_standard_error(self, world: World) -> None:
        """Where a person watches it, while the list goes to a file."""
        world.sign_in()
        world.emulator.faults.add("ListAccountRoles", latency=0.5, times=3)
        with Terminal("roles", "--json", stdout=subprocess.PIPE) as terminal:
            assert terminal.finish() == 0
            assert len(lines_of_json(terminal.piped())) == 4
        assert re.search(r"Accounts .*\d/3", terminal.text)

    @staticmethod
    def rename(world: World, name: str) -> None:
        """Give the first account of the organization another name."""
        organization = world.emulator.organization
        first, *others = organization.accounts
        accounts = (replace(first, name=name), *others)
        world.emulator.reset(replace(organization, accounts=accounts))
        world.configure(world.emulator.profile())


class TestWhoAmI:
    """GetCallerIdentity, by the credentials of a profile."""

    def test_for_programs(self, world: World) -> None:
        """One JSON object."""
        world.sign_in()
        done = run("whoami", "--profile", "dev", "--json")
        given = json.loads(done.stdout)
        assert list(given) == ["account_id", "arn", "user_id"]
        assert given["account_id"] == "111111111111"
        assert given["arn"].endswith("/alice")

    def test_for_a_person(self, world: World) -> None:
        """Three lines."""
        world.sign_in()
        done = run("whoami", AWS_PROFILE="dev")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("account  111111111111\narn      arn:aws:sts::111111111111:")

    def test_of_a_role_chain(self, world: World) -> None:
        """A role that is assumed with what Identity Center gives."""
        arn = "arn:aws:iam::111111111111:role/Deploy"
        chain = f"[profile chain]\nrole_arn = {arn}\nsource_profile = dev\nregion = us-east-1\n"
        world.configure(world.emulator.profile() + chain)
        world.sign_in()
        done = run("whoami", "--profile", "chain")
        assert (done.returncode, done.stderr) == (0, "")
        assert ":assumed-role/Deploy/" in done.stdout


class TestLogout:
    """The end of a login."""

    def test_it_says_that_the_portal_was_told(self, world: World) -> None:
        """And deletes the token."""
        world.sign_in()
        done = run("logout", "--profile", "dev")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == ("Logged out of corp: the portal has ended it.\n")
        assert not world.token_file().exists()

    def test_it_says_that_the_portal_was_not_told(self, world: World) -> None:
        """Which keeps nothing alive here."""
        world.sign_in()
        done = run("logout", AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
        assert done.returncode == 0
        assert done.stderr.splitlines()[-1] == ("Logged out of corp: no token was revoked.")
        assert not world.token_file().exists()

    def test_all(self, world: World) -> None:
        """Every login of the config file."""
        second = world.emulator.profile("other", session_name="second")
        world.configure(world.emulator.profile() + second)
        world.sign_in()
        world.sign_in(name="second")
        done = run("logout", "--all")
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
            "Logged out of corp",
            "Logged out of second",
        ]

    def test_all_where_there_is_none(self, world: World) -> None:
        """Nothing to do is no error."""
        world.configure("")
        done = run("logout", "--all")
        assert (done.returncode, done.stderr) == (
            0,
            "There is no login in the config file, and none was made here before.\n",
        )
