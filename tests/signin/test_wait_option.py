"""Commands do not wait: their user is at the terminal, or their caller has a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from sso_plugin.cli.app import run
from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import LoginRequired
from sso_plugin.session.providers import token_source
from sso_plugin.signin import wait_option

if TYPE_CHECKING:
    from world import World

WAIT = "sso_login = wait\n"


@pytest.mark.parametrize(
    "command", [["whoami"], ["accounts"], ["roles"], ["env"], ["console"], ["exec", "--", "true"]]
)
def test_commands_ask_at_a_terminal_or_fail(
    world: World, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Here there is no terminal."""
    world.configure(world.emulator.profile() + WAIT)
    assert run([command[0], "--profile", "dev", *command[1:]]) == 1
    shown = capsys.readouterr().err
    assert "needs a login" in shown
    assert "sso_login = auto cannot ask for it here" in shown


def test_the_endpoint_of_exec_does_not_wait(world: World) -> None:
    """The SDKs that call it have timeouts."""
    world.configure(world.emulator.profile() + WAIT)
    world.sign_in()
    assert run(["exec", "--profile", "dev", "--", "true"]) == 0
    assert wait_option.meaning == "never"


def test_a_credential_process_fails_at_once(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program that runs it would stop it."""
    world.configure(world.emulator.profile() + WAIT)
    assert run(["credential-process", "--profile", "dev"]) == 1
    assert "needs a login" in capsys.readouterr().err
    assert wait_option.meaning == "never"


@pytest.mark.parametrize("value", ["auto", "device", "wait"])
def test_a_service_asks_no_person(world: World, value: str) -> None:
    """For every value of sso_login; without it, the error says that it cannot ask here."""
    world.configure(world.emulator.profile() + f"sso_login = {value}\n")
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    wait_option.set_unattended()
    with pytest.raises(LoginRequired) as caught:
        token_source(session, profile).fetch()
    assert "cannot ask for it here" not in str(caught.value)
    assert str(caught.value).endswith("Run: sso-plugin login --profile dev")
