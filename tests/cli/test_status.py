"""``sso-plugin status``: what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from caches import KEY
from command import run

from sso_plugin.cli import main

if TYPE_CHECKING:
    from world import World


PAST = "2020-01-01T00:00:00Z"


class TestStatus:
    """Its output for users and programs; the exit code is the state."""

    @pytest.mark.long
    def test_usable(self, world: World) -> None:
        """Exit code 0, and all fields."""
        world.sign_in()
        done = run("status", "--profile", "dev")
        assert (done.returncode, done.stderr) == (0, "")
        fields = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
        assert fields["state"] == "usable"
        assert re.fullmatch(r"valid until [-\d]+ [:\d]+ UTC \(in 8 hours\)", fields["token"])
        assert fields["renewal"].startswith("possible until ")
        assert fields["sso-session"] == "corp"
        assert fields["start URL"] == world.emulator.start_url
        assert fields["region"] == world.emulator.region
        assert fields["token file"] == str(world.token_file())

    @pytest.mark.long
    def test_renewable(self, world: World) -> None:
        """Exit code 1: the token is renewed when next used."""
        world.sign_in(expiresAt=PAST)
        done = run("status")
        assert done.returncode == 1
        assert (
            "state        renewable\ntoken        expired at 2020-01-01 00:00 UTC (" in done.stdout
        )

    @pytest.mark.long
    @pytest.mark.parametrize("signed_in", [True, False], ids=["expired", "none"])
    def test_login_needed(self, world: World, *, signed_in: bool) -> None:
        """Exit code 2, and the command to run on standard error."""
        if signed_in:
            world.sign_in(expiresAt=PAST, refreshToken=None)
        done = run("status", "--profile", "dev")
        assert (done.returncode, done.stderr) == (2, "Run: sso-plugin login --profile dev\n")
        assert done.stdout.startswith("state        login needed\n")

    @pytest.mark.long
    def test_a_store_that_cannot_be_used(self, world: World) -> None:
        """It may have a token: no login is asked for."""
        store = {"SSO_PLUGIN_STORE": "redis://127.0.0.1:1", "SSO_PLUGIN_STORE_KEY": KEY}
        done = run("status", "--profile", "dev", **store)
        assert done.returncode == 2
        assert (
            "token        none on this machine, and the store redis://127.0.0.1:1 cannot be "
            "reached: no server listens there\n"
        ) in done.stdout
        assert done.stderr.splitlines()[-1] == "Run: sso-plugin doctor --profile dev"

    @pytest.mark.long
    def test_failed(self, world: World) -> None:
        """Exit code 3, which is not a state."""
        done = run("status", "--profile", "gone")
        assert (done.returncode, done.stdout) == (3, "")

    @pytest.mark.long
    def test_json_has_times_in_utc(self, world: World) -> None:
        """Every program can parse them."""
        world.sign_in(expiresAt="2099-01-31T22:15:00Z")
        done = run("status", "--sso-session", "corp", "--json")
        given = json.loads(done.stdout)
        assert given["state"] == "usable"
        assert given["expires_at"] == "2099-01-31T22:15:00Z"
        assert given["seconds_left"] > 0
        assert given["token_file"] == str(world.token_file())

    @pytest.mark.long
    def test_it_makes_no_network_call(self, world: World) -> None:
        """So it can be part of a shell prompt."""
        world.sign_in(expiresAt=PAST)
        run("status")
        assert len(list(world.emulator.requests)) == 0


class TestAll:
    """``status --all``: every login, in the config or used before on this machine."""

    def test_each_login_has_a_line(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        """The exit code is that of the worst one."""
        second = world.emulator.profile("other", session_name="second")
        world.configure(world.emulator.profile() + second)
        world.sign_in(expiresAt=PAST)
        assert main(["status", "--all"]) == 2
        corp, other = capsys.readouterr().out.splitlines()
        url = world.emulator.start_url
        assert re.fullmatch(rf"corp\trenewable\t\d{{4}}-.{{11}} \w+ \(in \d+ days\)\t{url}", corp)
        assert other == f"second\tlogin needed\t\t{url}"
        world.sign_in(name="second")
        assert main(["status", "--all"]) == 1
        world.sign_in()
        assert main(["status", "--all"]) == 0
        assert len(list(world.emulator.requests)) == 0

    def test_json_has_the_same_keys_as_for_one(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And the name of each login."""
        world.sign_in()
        assert main(["status", "--json"]) == 0
        one = json.loads(capsys.readouterr().out)
        assert main(["status", "--all", "--json"]) == 0
        [login] = json.loads(capsys.readouterr().out)
        assert list(login) == ["name", *one]
        assert (login["name"], login["state"]) == ("corp", "usable")

    def test_an_incomplete_section_is_a_failure(
        self, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The other logins are shown."""
        world.sign_in()
        world.configure(world.emulator.profile() + "[sso-session broken]\n")
        assert main(["status", "--all"]) == 3
        printed = capsys.readouterr()
        assert printed.out.startswith("corp\tusable\t")
        assert printed.err.startswith('sso-plugin: The sso-session "broken" is configured')

    def test_no_login_is_no_failure(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        """There is nothing to do."""
        world.configure("")
        assert main(["status", "--all"]) == 0
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == (
            "",
            "There is no login in the config file, or used before on this machine.\n",
        )


@pytest.mark.parametrize("name", ["dev", "corp"])
def test_a_login_can_be_named_without_an_option(
    world: World, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """By a profile or an sso-session."""
    world.sign_in()
    assert main(["status", name]) == 0
    assert capsys.readouterr().out.startswith("state        usable\n")


def test_a_name_of_two_logins_is_reported(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The profile is used."""
    other = "[sso-session dev]\nsso_start_url = https://x.awsapps.com/start\nsso_region = x\n"
    world.configure(world.emulator.profile() + other)
    assert main(["status", "dev"]) == 2
    assert '"dev" is a profile and an sso-session with another login.' in capsys.readouterr().err
