"""``sso-plugin whoami``: what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import run

if TYPE_CHECKING:
    from world import World


class TestWhoAmI:
    """The response of GetCallerIdentity for the credentials of a profile."""

    @pytest.mark.long
    def test_json(self, world: World) -> None:
        """One JSON object."""
        world.sign_in()
        done = run("whoami", "--profile", "dev", "--json")
        given = json.loads(done.stdout)
        assert list(given) == ["account_id", "arn", "user_id"]
        assert given["account_id"] == "111111111111"
        assert given["arn"].endswith("/alice")

    @pytest.mark.long
    def test_text(self, world: World) -> None:
        """Three lines."""
        world.sign_in()
        done = run("whoami", AWS_PROFILE="dev")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("account  111111111111\narn      arn:aws:sts::111111111111:")

    @pytest.mark.long
    def test_a_role_chain(self, world: World) -> None:
        """The role that was assumed with the credentials of Identity Center."""
        arn = "arn:aws:iam::111111111111:role/Deploy"
        chain = f"[profile chain]\nrole_arn = {arn}\nsource_profile = dev\nregion = us-east-1\n"
        world.configure(world.emulator.profile() + chain)
        world.sign_in()
        done = run("whoami", "--profile", "chain")
        assert (done.returncode, done.stderr) == (0, "")
        assert ":assumed-role/Deploy/" in done.stdout
