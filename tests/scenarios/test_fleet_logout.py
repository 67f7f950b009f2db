"""A logout ends the login on all machines, and none of them brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import wait_until

import sso_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from fleet import Fleet

pytestmark = [pytest.mark.usefixtures("enabled", "patient"), pytest.mark.long]


def kinds(results: list[str]) -> set[str]:
    """Return the names of the errors in the results of workers."""
    return {result.partition(":")[0] for result in results}


def forget_roles(home: Path) -> None:
    """Delete the role credentials of a home, as if they had expired."""
    for file in home.glob(".aws/cli/cache/*.json"):
        file.unlink()


def test_no_machine_brings_back_a_login_that_has_ended(fleet: Fleet) -> None:
    """All of them have the token in a file, and use it no more once they ask the store."""
    fleet.log_in()
    assert fleet.crowd(4) == ["alice"] * 4
    with fleet.person_at(fleet.homes[1]):
        sso_plugin.logout("dev")
    fleet.emulator.requests.clear()
    for home in fleet.homes:
        forget_roles(home)
    assert kinds(fleet.crowd(8)) == {"LoginRequired"}
    assert kinds(fleet.crowd(2, homes=fleet.add_homes(2))) == {"LoginRequired"}
    assert fleet.counts() == (0, 0)


DELAYED = """
import sys, time
from pathlib import Path
import boto3, sso_plugin
from sso_plugin.portal.client import Portal
sso_plugin.enable()
method, answered, go_on = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
real = getattr(Portal, method)
def delayed(*args, **kwargs):
    answer = real(*args, **kwargs)
    if not answered.exists():
        answered.touch()
        while not go_on.exists():
            time.sleep(0.01)
    return answer
setattr(Portal, method, delayed)
try:
    arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
    print(arn.rsplit("/", 1)[1])
except Exception as exc:
    print(type(exc).__name__)
"""


@pytest.mark.parametrize("method", ["create_token", "get_role_credentials"])
def test_a_logout_during_a_request_of_another_machine_wins(
    fleet: Fleet, tmp_path: Path, method: str
) -> None:
    """What the request returns is not stored for others."""
    fleet.log_in(expired=True)
    answered, go_on = tmp_path / "answered", tmp_path / "go_on"
    late = fleet.start(fleet.homes[2], DELAYED, method, answered, go_on)
    wait_until(answered.exists)
    sso_plugin.logout("dev")
    go_on.touch()
    assert late.communicate(timeout=60)[0] in ("LoginRequired\n", "alice\n")
    forget_roles(fleet.homes[2])
    assert kinds(fleet.crowd(8)) == {"LoginRequired"}
    assert kinds(fleet.crowd(2, homes=fleet.add_homes(2))) == {"LoginRequired"}


def test_a_new_login_works_after_a_logout(fleet: Fleet) -> None:
    """On another machine, too; machines with files of the former login use it."""
    fleet.emulator.assign("bob", "111111111111", "AdministratorAccess")
    fleet.log_in("alice")
    assert fleet.crowd(4) == ["alice"] * 4
    sso_plugin.logout("dev")
    fleet.log_in("bob", home=fleet.homes[3])
    for home in fleet.homes:
        forget_roles(home)
    assert fleet.crowd(8) == ["bob"] * 8
    assert fleet.counts() == (0, 1)


def test_a_logout_while_the_store_is_away_says_that_other_machines_keep_the_login(
    fleet: Fleet,
) -> None:
    """The files of this machine are deleted; the command can be repeated."""
    fleet.log_in()
    assert fleet.crowd(4) == ["alice"] * 4
    fleet.server.kill()
    done = fleet.run(
        fleet.homes[0], "from sso_plugin.cli import main; main(['logout', '--profile', 'dev'])"
    )
    assert fleet.server.url in done.stderr + done.stdout
    assert not fleet.token_file(fleet.homes[0]).exists()
