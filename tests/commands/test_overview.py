"""The logins of the config file, their states, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command import run
from sealed import PLAIN_AND_SEALED

from sso_plugin.commands.local_names import read_config
from sso_plugin.commands.overview import LocalLogin, local_logins, next_step
from sso_plugin.config.profile import SsoProfile

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"


def states() -> dict[str, str]:
    return {login.name: login.state for login in local_logins(read_config())}


def test_each_login_is_listed_once(world: World) -> None:
    """With its profiles: those of an sso-session, and those with the same start URL."""
    url = world.emulator.start_url
    legacy = world.emulator.profile("old", legacy=True)
    more = "[profile more]\nsso_session = corp\n[profile plain]\nregion = x\n[sso-session new]\n"
    world.configure(world.emulator.profile() + legacy + more)
    found = {login.name: login.profiles for login in local_logins(read_config())}
    assert found == {"corp": ("dev", "more"), "new": (), url: ("old",)}


@PLAIN_AND_SEALED
def test_the_state_is_that_of_the_token_file(world: World) -> None:
    """As in ``status``."""
    assert states() == {"corp": "login needed"}
    world.sign_in()
    assert states() == {"corp": "usable"}
    world.sign_in(expiresAt=PAST)
    assert states() == {"corp": "renewable"}
    world.sign_in(expiresAt=PAST, refreshToken=None)
    assert states() == {"corp": "login needed"}
    assert len(list(world.emulator.requests)) == 0


@pytest.mark.parametrize("world", ["sealed"], indirect=True)
def test_a_token_without_its_key_has_no_known_state(world: World) -> None:
    """The next step finds out why."""
    world.sign_in()
    done = run(SSO_PLUGIN_KEY="")
    assert (done.returncode, done.stdout) == (0, "corp\tunknown\t\tdev\n")
    assert "Next step: sso-plugin doctor\n" in done.stderr


@pytest.mark.parametrize("line", ["sso_region", "sso_start_url"])
def test_an_incomplete_login_is_listed(world: World, line: str) -> None:
    """`doctor` says what is missing."""
    world.configure(world.emulator.profile().replace(line, f"not_{line}"))
    assert states() == {"corp": "incomplete"}
    assert next_step(list(local_logins(read_config())), {}) == "sso-plugin doctor"


def test_a_role_that_is_incomplete_does_not_matter(world: World) -> None:
    """In both forms: the login is complete."""
    text = world.emulator.profile() + world.emulator.profile("old", legacy=True)
    world.configure(text.replace("sso_role_name", "not_sso_role_name"))
    assert states() == {"corp": "login needed", world.emulator.start_url: "login needed"}


def test_an_sso_session_that_does_not_exist_is_incomplete(world: World) -> None:
    """A profile names it."""
    world.configure("[profile dev]\nsso_session = gone\n")
    assert states() == {"gone": "incomplete"}


def login(name: str, state: str, *profiles: str) -> LocalLogin:
    return LocalLogin(name, state, None, profiles, SsoProfile(None, "https://x", "r", name))


FIRST = login("corp", "usable", "dev", "prod")
SECOND = login("other", "login needed", "o-dev")


@pytest.mark.parametrize(
    ("logins", "profile", "step"),
    [
        ([], "", "sso-plugin configure"),
        ([FIRST, SECOND], "", "sso-plugin exec --profile dev -- python your_script.py"),
        ([FIRST, SECOND], "prod", "sso-plugin exec --profile prod -- python your_script.py"),
        ([FIRST, SECOND], "o-dev", "sso-plugin login other"),
        ([SECOND, FIRST], "", "sso-plugin login other"),
        ([login("corp", "renewable")], "", "sso-plugin configure --sso-session corp"),
        ([login("corp", "unknown", "dev")], "", "sso-plugin doctor"),
        ([login("dev", "login needed", "dev")], "", "sso-plugin login dev"),
        ([login("-x", "login needed")], "", "sso-plugin login --sso-session -x"),
        ([login("a b", "login needed")], "", "sso-plugin login 'a b'"),
    ],
)
def test_the_next_step_is_about_the_profile_in_use(
    logins: list[LocalLogin], profile: str, step: str
) -> None:
    """Otherwise about the first login."""
    environ = {"AWS_PROFILE": profile} if profile else {}
    assert next_step(logins, environ) == step
