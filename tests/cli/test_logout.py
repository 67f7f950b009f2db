"""``sso-plugin logout``: what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from command import run

if TYPE_CHECKING:
    from world import World


class TestLogout:
    """One message for each login."""

    @pytest.mark.long
    def test_a_revoked_token_is_reported(self, world: World) -> None:
        """The token file is deleted too."""
        world.sign_in()
        done = run("logout", "--profile", "dev")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == ("Logged out of corp: the token was revoked.\n")
        assert not world.token_file().exists()

    @pytest.mark.long
    def test_local_files_are_deleted_if_the_portal_is_unreachable(self, world: World) -> None:
        """The message says that the token was not revoked."""
        world.sign_in()
        done = run("logout", AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
        assert done.returncode == 0
        assert done.stderr.splitlines()[-1] == ("Logged out of corp: no token was revoked.")
        assert not world.token_file().exists()

    @pytest.mark.long
    def test_all_ends_every_login_in_the_config_file(self, world: World) -> None:
        """One message for each."""
        second = world.emulator.profile("other", session_name="second")
        world.configure(world.emulator.profile() + second)
        world.sign_in()
        world.sign_in(name="second")
        done = run("logout", "--all")
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
            "Logged out of corp",
            "Logged out of second",
        ]

    @pytest.mark.long
    def test_all_without_a_login_succeeds(self, world: World) -> None:
        """It prints a message."""
        world.configure("")
        done = run("logout", "--all")
        assert (done.returncode, done.stderr) == (
            0,
            "Nothing to do: there is no login in the config file, or used before on this "
            "machine.\n",
        )
