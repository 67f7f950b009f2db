"""Workers on many machines share one login: one renewal, one request for each role."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import pytest
from fleet import SEALED, new_key
from issued import exposed
from scenario import user
from world import wait_until

if TYPE_CHECKING:
    from fleet import Fleet
    from issued import Issued

pytestmark = [pytest.mark.usefixtures("enabled", "patient"), pytest.mark.long]


@pytest.mark.parametrize(("number", "homes"), [(8, 4), (200, 50)])
def test_workers_share_one_single_use_refresh_token(fleet: Fleet, number: int, homes: int) -> None:
    """A second use of a refresh token would end the login. With copied files, it does."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.add_homes(homes - len(fleet.homes))
    fleet.log_in(expired=True)
    ended = fleet.start_crowd(number, calls=["key"]).end(600)
    results = ended.results
    assert ended.stderr == ""
    assert results == results[:1] * number
    assert results[0].startswith("ASIA")
    assert fleet.counts() == (1, 1)


def test_workers_without_any_files_use_the_credentials_of_another_machine(fleet: Fleet) -> None:
    """No request to the portal: also a machine that is added later has none to send."""
    fleet.log_in()
    assert user() == "alice"
    assert fleet.counts() == (0, 1)
    assert fleet.crowd(8, homes=fleet.add_homes(4)) == ["alice"] * 8
    assert fleet.counts() == (0, 1)


def test_a_login_replaces_that_of_another_user_on_all_machines(fleet: Fleet) -> None:
    """Machines that have credentials of the former user use them until they are renewed."""
    fleet.emulator.assign("bob", "111111111111", "AdministratorAccess")
    fleet.log_in("alice")
    assert fleet.crowd(4) == ["alice"] * 4
    fleet.log_in("bob")
    assert fleet.crowd(4, homes=fleet.add_homes(2)) == ["bob"] * 4
    assert fleet.counts() == (0, 1)


def test_profiles_of_one_login_share_its_token(fleet: Fleet) -> None:
    """Two roles need two requests for credentials, and one renewal of the token."""
    other = fleet.emulator.profile("other", role_name="ReadOnlyAccess").split("\n\n", 1)[1]
    fleet.configure(other)
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    crowds = [fleet.start_crowd(6, profile=name) for name in ("dev", "other")]
    assert [crowd.end().results for crowd in crowds] == [["alice"] * 6] * 2
    assert fleet.counts() == (1, 2)


def test_files_of_workers_can_be_sealed(fleet: Fleet, issued: Issued) -> None:
    """No secret is in a file of any home in clear text."""
    fleet.configure(**SEALED)
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    assert fleet.crowd(8) == ["alice"] * 8
    assert fleet.counts() == (1, 1)
    assert list(fleet.homes[1].glob(".aws/sso-plugin/sealed/tokens/*.json"))
    assert exposed(fleet.world.home.parent, issued) == []


REFUSALS_STAY = """
from sso_plugin.portal import outage
outage._REFUSAL_EXPIRY = 600.0
"""
"""The second crowd may start late."""


def test_a_refusal_is_shared(fleet: Fleet) -> None:
    """A role that the user does not have is asked for once by all machines in a short time."""
    fleet.log_in()
    fleet.emulator.unassign("alice", "111111111111", "AdministratorAccess")
    results = fleet.crowd(6, before=REFUSALS_STAY)
    assert {result.partition(":")[0] for result in results} == {"NoAccess"}
    assert len(set(results)) == 1
    assert fleet.crowd(2, homes=fleet.add_homes(2), before=REFUSALS_STAY) == results[:2]
    assert fleet.counts() == (0, 1)


def test_workers_never_ask_a_person(fleet: Fleet) -> None:
    """No login is started, although the profile says how: a person logs in elsewhere."""
    fleet.configure(sso_login="device")
    results = fleet.crowd(4)
    assert {result.partition(":")[0] for result in results} == {"LoginRequired"}
    assert "sso-plugin login --profile dev" in results[0]
    for operation in ("StartDeviceAuthorization", "RegisterClient"):
        assert fleet.world.count(operation) == 0


FORK = """
import os, threading
import boto3, sso_plugin
sso_plugin.enable()
def client(profile):
    return boto3.Session(profile_name=profile).client("sts")
def call(client):
    return client.get_caller_identity()["Arn"].rpartition("/")[2]
call(client("dev"))
# Made here: while a thread makes an SSL context, no process should fork.
clients = [client(f"p{number}") for number in range(3)]
threads = [threading.Thread(target=call, args=(each,)) for each in clients]
for each in threads:
    each.start()
children = []
for number in range(6):
    child = os.fork()
    if child == 0:
        result = "failed"
        try:
            result = call(client(f"p{number}"))
        finally:
            os.write(1, f"{result}\\n".encode())
            os._exit(0)
    children.append(child)
for each in threads:
    each.join()
for child in children:
    os.waitpid(child, 0)
print(call(client("dev")))
"""


def test_a_fork_beside_threads_uses_the_store(fleet: Fleet) -> None:
    """Neither a lock nor a connection of the parent is used in the child."""
    roles = [f"Role{number}" for number in range(6)]
    for role in roles:
        fleet.emulator.assign("alice", "111111111111", role)
    profiles = [
        fleet.emulator.profile(f"p{number}", role_name=role).split("\n\n", 1)[1]
        for number, role in enumerate(roles)
    ]
    fleet.configure("\n".join(profiles))
    fleet.log_in()
    for home in fleet.homes[:2]:
        done = fleet.run(home, f"import warnings; warnings.simplefilter('ignore'){FORK}")
        assert (done.stdout.splitlines(), done.stderr) == (["alice"] * 7, "")
    assert fleet.counts() == (0, 7)


CLOCKS = [-7200, 0, 3600, 36000]


def test_workers_with_wrong_clocks_share_too(fleet: Fleet) -> None:
    """Two hours behind to ten ahead: no login is lost, and no token or role is fetched twice.

    A machine whose clock is behind may send a token that has expired, which shows it the time.
    """
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    first, granted = None, functools.partial(fleet.emulator.requests.count, status=200)
    for _ in range(3):
        keys = set(fleet.crowd(8, calls=["key"], offsets=CLOCKS))
        assert len(keys) == 1
        assert keys == (first or keys)
        first = keys
    assert (granted("CreateToken"), granted("GetRoleCredentials")) == (1, 1)
    assert fleet.spent_twice() == 0


def test_wrong_clocks_do_not_change_when_a_renewal_is_due(fleet: Fleet) -> None:
    """Tokens and roles are renewed after three quarters of their time, as on correct machines."""
    settings = fleet.emulator.settings
    settings.refresh_tokens = "rotate-strict"
    settings.access_token, settings.role_credentials = 40, 20
    fleet.log_in()
    stop = fleet.world.home.parent / "stop"
    crowd = fleet.start_crowd(4, calls=["loop"], offsets=CLOCKS, stop=str(stop))
    wait_until(lambda: fleet.world.count("CreateToken") >= 2, 300)
    stop.touch()
    assert crowd.end().results == ["alice"] * 4
    assert fleet.spent_twice() == 0
    for operation, lifetime in (("CreateToken", 40), ("GetRoleCredentials", 20)):
        times = [each.time for each in fleet.emulator.requests if each.operation == operation]
        assert all(after - before > lifetime / 2 for before, after in itertools.pairwise(times))


WARM = """
import sys
import boto3, sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
print({"redis", "cryptography"} & sys.modules.keys())
"""


def test_a_warm_start_does_not_import_the_client(fleet: Fleet) -> None:
    """Cached credentials of this machine are used without the store, which need not run."""
    fleet.log_in()
    assert fleet.crowd(4) == ["alice"] * 4
    fleet.server.kill()
    for home in fleet.homes:
        done = fleet.run(home, WARM)
        assert (done.stdout, done.stderr) == ("set()\n", "")


def test_fleets_with_different_keys_share_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people have the same name for their sso-session, on one server."""
    fleet.emulator.assign("bob", "111111111111", "AdministratorAccess")
    fleet.log_in("alice")
    assert fleet.crowd(2, homes=fleet.homes[:2]) == ["alice"] * 2
    of_alice = set(fleet.server.admin.keys())

    other = fleet.key_file.with_name("other-key")
    other.write_text(new_key())
    other.chmod(0o600)
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(other))
    of_bob = fleet.add_homes(2)
    assert {result.partition(":")[0] for result in fleet.crowd(2, homes=of_bob)} == {
        "LoginRequired"
    }
    fleet.log_in("bob", home=of_bob[0])
    assert fleet.crowd(4, homes=of_bob) == ["bob"] * 4
    assert len(set(fleet.server.admin.keys()) - of_alice) >= 2

    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY_FILE", str(fleet.key_file))
    assert fleet.crowd(2, homes=fleet.add_homes(2)) == ["alice"] * 2


THREADS = """
import threading
import boto3, sso_plugin
sso_plugin.enable()
results = []
def call():
    try:
        sts = boto3.Session(profile_name="dev").client("sts")
        results.append(sts.get_caller_identity()["Arn"].rpartition("/")[2])
    except Exception as exc:
        results.append(f"{type(exc).__name__}: {exc}")
threads = [threading.Thread(target=call) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(*results, sep="\\n")
"""


def test_threads_of_workers_share_requests(fleet: Fleet) -> None:
    """Four threads with a session each, on each machine."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    processes = [fleet.start(home, THREADS) for home in fleet.homes]
    results = [each.communicate(timeout=120)[0].splitlines() for each in processes]
    assert results == [["alice"] * 4] * 4
    assert fleet.counts() == (1, 1)
