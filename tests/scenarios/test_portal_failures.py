"""While credentials are valid, no failure of the portal makes a call fail or wait."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from renewal import wait_for_background
from world import wait_until

import sso_plugin
from sso_plugin import LoginRequired
from sso_plugin.errors import PortalUnreachable
from sso_plugin.portal.client import Portal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from botocore.credentials import ReadOnlyCredentials
    from world import World

PAST = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _end_renewals(world: World) -> Iterator[None]:
    """Let renewals in the background end while the emulator and the variables are there."""
    yield
    world.emulator.faults.clear()
    wait_for_background()


@pytest.fixture
def requested_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the names of the threads that request role credentials."""
    threads: list[str] = []
    real = Portal.get_role_credentials

    def recorded(self: Portal, *args: str) -> tuple[ReadOnlyCredentials, float]:
        threads.append(threading.current_thread().name)
        return real(self, *args)

    monkeypatch.setattr(Portal, "get_role_credentials", recorded)
    return threads


def session_with_due_credentials(world: World) -> Any:
    """Return a session whose cached credentials are valid, and due for renewal."""
    world.sign_in()
    sso_plugin.enable()
    boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    world.make_credentials_due()
    return boto3.Session(profile_name="dev")


def fault(**what: Any) -> Callable[[World], None]:
    def begin(world: World) -> None:
        world.emulator.faults.add("GetRoleCredentials", **what)

    return begin


def expired_token(world: World, **what: Any) -> None:
    world.emulator.faults.add("CreateToken", **what)
    world.change_token(expiresAt=PAST)


def revoked(world: World) -> None:
    world.emulator.revoke("alice")


def portal_is_gone(world: World) -> None:
    os.environ["AWS_ENDPOINT_URL_SSO"] = "http://127.0.0.1:9"  # undone by sso_home


OUTAGES: dict[str, Callable[[World], None]] = {
    "refused": portal_is_gone,
    "reset": fault(kind="reset"),
    "a page of a proxy": fault(kind="page"),
    "429": fault(status=429, code="TooManyRequestsException"),
    "500": fault(status=500, code="InternalServerException"),
    "400": fault(status=400, code="InvalidRequestException"),
    "no access": fault(status=403, code="ForbiddenException"),
    "401, all revoked": revoked,
    "token expired, portal down": lambda world: expired_token(world, status=500),
    "token expired, invalid_grant": lambda world: expired_token(
        world, status=400, code="InvalidGrantException"
    ),
}


SIMILAR_OUTAGES: dict[str, Callable[[World], None]] = {
    "cut in the middle of the body": fault(kind="cut"),
    "truncated JSON": fault(kind="truncated"),
    "a page of a proxy with an error": fault(kind="page", status=502),
    "503 without a code": fault(status=503),
}


def long(values: Iterable[str]) -> list[Any]:
    """Mark values as long that are similar to others."""
    return [pytest.param(each, marks=pytest.mark.long) for each in values]


@pytest.mark.long
@pytest.mark.parametrize("outage", [*OUTAGES, *long(SIMILAR_OUTAGES)])
def test_an_outage_makes_no_call_fail(
    world: World, requested_by: list[str], outage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls use the current credentials. One warning reports the outage."""
    session = session_with_due_credentials(world)
    requested_by.clear()
    {**OUTAGES, **SIMILAR_OUTAGES}[outage](world)
    caplog.set_level(logging.INFO, logger="sso_plugin")
    caplog.clear()
    sts = session.client("sts")
    arns = {sts.get_caller_identity()["Arn"].rsplit("/", 1)[1] for _ in range(10)}
    wait_for_background()
    assert arns == {"alice"}
    assert sts.get_caller_identity()["Arn"].endswith("/alice")
    assert set(requested_by) <= {"sso-plugin-renewal"}
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    ours = [one for one in warnings if one.name == "sso_plugin.credentials.refreshable"]
    assert len(ours) == 1
    assert not any(one.exc_info for one in caplog.records)


@pytest.mark.long
def test_a_deleted_token_file_makes_no_call_of_a_running_session_fail(world: World) -> None:
    """A new session needs a login, as on stock botocore."""
    session = session_with_due_credentials(world)
    sts = session.client("sts")
    sts.get_caller_identity()
    wait_for_background()
    world.token_file().unlink()
    assert sts.get_caller_identity()["Arn"].endswith("/alice")
    with pytest.raises(LoginRequired, match="it has no access token"):
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()


@pytest.mark.long
@pytest.mark.parametrize("what", [{"kind": "hang"}, {"latency": 3.0}])
def test_a_slow_portal_makes_no_caller_wait(
    world: World, requested_by: list[str], what: dict[str, Any]
) -> None:
    """Only the thread in the background waits for its response."""
    session = session_with_due_credentials(world)
    requested_by.clear()
    world.emulator.faults.add("GetRoleCredentials", **what)
    sts = session.client("sts")
    before = world.count("GetCallerIdentity")
    assert [sts.get_caller_identity()["Account"] for _ in range(20)] == ["111111111111"] * 20
    assert world.count("GetCallerIdentity") == before + 20
    # The thread may begin later than the calls end.
    wait_until(lambda: requested_by)
    assert requested_by == ["sso-plugin-renewal"]
    world.emulator.faults.clear()
    wait_for_background()


@pytest.mark.long
def test_the_end_of_an_outage_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """With level INFO and the number of failed attempts."""
    session = session_with_due_credentials(world)
    caplog.set_level(logging.INFO, logger="sso_plugin.credentials.refreshable")
    credentials = session.get_credentials()
    world.emulator.faults.add("GetRoleCredentials", status=400, code="InvalidRequestException")
    old = credentials.get_frozen_credentials().access_key
    wait_for_background()
    world.emulator.faults.clear()
    wait_until(lambda: credentials.get_frozen_credentials().access_key != old)
    wait_for_background()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_login_in_another_terminal_ends_the_errors(world: World) -> None:
    """A running script uses the new token at its next call."""
    sso_plugin.enable()
    sts = boto3.Session(profile_name="dev").client("sts")
    with pytest.raises(LoginRequired):
        sts.get_caller_identity()
    world.sign_in()
    assert sts.get_caller_identity()["Arn"].endswith("/alice")


@pytest.mark.long
@pytest.mark.parametrize(
    ("hours", "requests"),
    [
        (-1, 1),
        (1, 3),
        pytest.param(-5, 1, marks=pytest.mark.long),
        pytest.param(5, 3, marks=pytest.mark.long),
    ],
)
def test_a_clock_that_is_wrong_by_hours_causes_no_login(
    world: World, hours: int, requests: int
) -> None:
    """With a clock ahead, the cache looks expired: a request to the portal shows the real time."""
    world.sign_in()
    script = f"""
import time
real = time.time
time.time = lambda: real() + {hours * 3600}
import boto3, sso_plugin
sso_plugin.enable()
frozen = boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
print(frozen.access_key)
"""
    keys = {world.run(script).stdout.strip() for _ in range(3)}
    assert len(keys) == requests
    assert world.count("GetRoleCredentials") == requests
    assert world.count("CreateToken") == 0
    # By the server's clock they have expired now.
    world.emulator.clock.advance(3601)
    document = json.loads(world.role_files()[0].read_text())
    document["Credentials"]["Expiration"] = PAST
    world.role_files()[0].write_text(json.dumps(document))
    assert world.run(script).stdout.strip() not in keys


@pytest.mark.long
def test_with_a_clock_ahead_the_renewal_window_is_right(world: World) -> None:
    """The date of a cache file is wrong by as much as the clock; the window does not change."""
    world.emulator.settings.role_credentials = 900
    world.sign_in()
    script = """
import os, time
real = time.time
time.time = lambda: real() + 7200
import boto3, sso_plugin
from caches import role_cache
sso_plugin.enable()
credentials = boto3.Session(profile_name="dev").get_credentials()
credentials.get_frozen_credentials()
[file] = role_cache()._folder.path.glob("*.json")
os.utime(file, (time.time(), time.time()))
credentials = boto3.Session(profile_name="dev").get_credentials()
credentials.get_frozen_credentials()
lifetime = credentials._current.lifetime
print(round((lifetime.expires_at - lifetime.advisory_refresh_at) / 225))
"""
    assert world.run(script).stdout == "1\n"
    assert world.count("GetRoleCredentials") == 1


class Gateway(BaseHTTPRequestHandler):
    """A gateway before the portal that answers itself. Its clock is in 1970."""

    url = ""
    status = 503
    body = b""

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        self.send_header("Date", formatdate(0, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def gateway() -> Iterator[type[Gateway]]:
    """Start a gateway; return the class whose attributes say what it answers."""
    kind: type[Gateway] = type("Gateway", (Gateway,), {})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        kind.url = f"http://127.0.0.1:{server.server_port}"
        yield kind
        server.shutdown()


def role_answer(**changes: object) -> str:
    """Return a response of GetRoleCredentials with some members changed."""
    keys = {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": 1}
    return json.dumps({"roleCredentials": {**keys, **changes}})


INVALID_RESPONSES = [
    "",
    "null",
    "{}",
    '{"roleCredentials": {}}',
    "\udcff",
    role_answer(expiration=float("nan")),
    role_answer(expiration=float("inf")),
]
SIMILAR_RESPONSES = [
    "[]",
    '"x"',
    "5",
    '{"roleCredentials": []}',
    role_answer(expiration="soon"),
    role_answer(expiration=[]),
    role_answer(expiration=-1),
    role_answer(expiration=1e30),
]


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("body", [*INVALID_RESPONSES, *long(SIMILAR_RESPONSES)])
def test_an_invalid_response_is_one_clear_error(
    world: World, gateway: type[Gateway], body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message quotes nothing of the response."""
    world.sign_in()
    sso_plugin.enable()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", gateway.url)
    gateway.status, gateway.body = 200, body.encode(errors="surrogateescape")
    with pytest.raises(PortalUnreachable) as caught:
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert re.fullmatch(
        r'The profile "dev" cannot reach Identity Center \(sso in eu-central-1, at [\w:/.]+\): its '
        r"response cannot be read(: \w+ is [a-z ]+)?\. Run: sso-plugin doctor --profile dev",
        str(caught.value),
    )


@pytest.mark.long
def test_the_clock_of_a_gateway_is_ignored(
    world: World, gateway: type[Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a clock in 1970, credentials would be valid for half a century."""
    session = session_with_due_credentials(world)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", gateway.url)
    credentials = session.get_credentials()
    credentials.get_frozen_credentials()
    wait_for_background()
    assert credentials._failures == 1
    earliest, now, latest = time.time(), credentials._clock.now(), time.time()
    assert earliest - 1 < now < latest + 1


@pytest.mark.long
def test_a_clock_that_is_set_during_a_run_makes_no_call_fail(world: World) -> None:
    """Expired credentials are not used.

    Valid ones are renewed once if the clock is set ahead: a paused virtual machine looks the same.
    """
    world.emulator.settings.role_credentials = 10
    world.sign_in()
    script = """
import time
real, step = time.time, 0
time.time = lambda: real() + step
import boto3, sso_plugin
sso_plugin.enable()
credentials = boto3.Session(profile_name="dev").get_credentials()
keys = [credentials.get_frozen_credentials().access_key]
step = -7200
keys.append(credentials.get_frozen_credentials().access_key)
time.sleep(10.1)
keys.append(credentials.get_frozen_credentials().access_key)
step = 7200
keys.append(credentials.get_frozen_credentials().access_key)
keys.append(credentials.get_frozen_credentials().access_key)
print(*keys)
"""
    first, second, third, fourth, fifth = world.run(script).stdout.split()
    assert (first == second, second == third, fourth == fifth) == (True, False, True)
    assert world.count("GetRoleCredentials") <= 3


@pytest.mark.long
def test_a_script_that_ends_during_a_renewal_prints_nothing(world: World) -> None:
    """It does not wait for a portal that hangs, either."""
    session_with_due_credentials(world)
    world.emulator.faults.add("GetRoleCredentials", kind="hang")
    script = """
import threading, time
import boto3, sso_plugin
sso_plugin.enable()
print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Account"])
def renews():
    return any(thread.name == "sso-plugin-renewal" for thread in threading.enumerate())
end = time.monotonic() + 60
while not renews() and time.monotonic() < end:
    time.sleep(0.01)
print(renews())
"""
    process = world.run(script)
    world.emulator.faults.clear()
    assert (process.stdout, process.stderr, process.returncode) == ("111111111111\nTrue\n", "", 0)


@pytest.mark.long
def test_a_call_at_exit_is_served(world: World) -> None:
    """At interpreter shutdown no thread can start, so the current credentials are used."""
    session_with_due_credentials(world)
    script = """
import atexit, boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
atexit.register(lambda: print(sts.get_caller_identity()["Account"]))
"""
    process = world.run(script)
    assert (process.stdout.strip(), process.stderr) == ("111111111111", "")


@pytest.mark.long
def test_no_greenlet_waits_forever(world: World) -> None:
    """With gevent, threads, locks and sockets are patched; a renewal is a greenlet."""
    world.emulator.settings.role_credentials = 16
    world.emulator.faults.add("GetRoleCredentials", latency=0.3)
    world.emulator.faults.add("CreateToken", latency=0.3)
    world.sign_in(expiresAt=PAST)
    script = """
from gevent import monkey
monkey.patch_all()
import time, gevent, boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
ends = []
def use():
    calls = 0
    while not ends or time.time() < ends[0]:
        sts.get_caller_identity()
        # The first call may take long.
        ends.append(time.time() + 20)
        calls += 1
        gevent.sleep(0.02)
    return calls
with gevent.Timeout(90):
    greenlets = [gevent.spawn(use) for _ in range(10)]
    gevent.joinall(greenlets, raise_error=True)
print(min(greenlet.value for greenlet in greenlets) > 1)
"""
    done = world.run(script)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert world.count("CreateToken") == 1
    assert 2 <= world.count("GetRoleCredentials") <= 6


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="this system has no such limit")
def test_a_full_disk_costs_the_cache_only(world: World) -> None:
    """Files that exist stay whole, and the script uses its credentials in memory."""
    world.sign_in(expiresAt=PAST)
    before = world.token_file().read_bytes()
    script = """
import resource, boto3, sso_plugin
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sso_plugin.enable()
for _ in range(2):
    print(boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Account"])
"""
    done = world.run(script)
    [report] = done.stderr.splitlines()
    assert done.stdout == "111111111111\n" * 2
    assert report.endswith(f"{world.token_file()} cannot be written: File too large")
    assert world.token_file().read_bytes() == before
    assert world.role_files() == []
    assert not list(world.home.rglob("*.tmp"))
    assert world.count("CreateToken") == 1
