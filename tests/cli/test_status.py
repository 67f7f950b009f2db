"""``sso-plugin status``: what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from caches import KEY
from command import run

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
        assert fields["token"].startswith("7 hours 59 minutes left, until ")
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
        assert "state        renewable\ntoken        expired " in done.stdout

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
