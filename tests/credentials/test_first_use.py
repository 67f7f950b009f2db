"""What a session starts with (``sso_minimum_lifetime``), and what a thread reads while it signs."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from crowd import crowd
from renewal import HOUR, Source, Time, wait_for_background

import sso_plugin
from sso_plugin.clock import Clock
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.credentials.schedule import Lifetime

if TYPE_CHECKING:
    from world import World

MINUTE = 60


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def key() -> str:
    session: Any = boto3.Session(profile_name="dev")
    return str(session.get_credentials().get_frozen_credentials().access_key)


def cached(world: World, left: float, age: float) -> str:
    """Leave credentials in the cache that were fetched that long ago; return their key."""
    world.sign_in()
    name = key()
    [file] = world.role_files()
    document = json.loads(file.read_text())
    ends = time.gmtime(time.time() + left)
    document["Credentials"]["Expiration"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", ends)
    file.write_text(json.dumps(document))
    then = time.time() - age
    os.utime(file, (then, then))
    return name


def ask_for(world: World, minimum: str, more: str = "") -> None:
    world.configure(world.emulator.profile() + f"sso_minimum_lifetime = {minimum}\n{more}")


@pytest.mark.parametrize("refresh", ["background", "blocking"])
@pytest.mark.parametrize("minimum", ["1800", "1800s", "30m", "0.5h"])
def test_a_session_starts_with_what_lasts_as_long_as_asked(
    world: World, minimum: str, refresh: str
) -> None:
    """At minute 43 of an hour there are 17 minutes left; without the key they are used."""
    old = cached(world, 17 * MINUTE, 43 * MINUTE)
    assert key() == old
    ask_for(world, minimum, f"sso_refresh = {refresh}\n")
    new = key()
    assert old != new == key()
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.parametrize(
    ("minimum", "left", "age"),
    [("30m", 31 * MINUTE, 29 * MINUTE), ("10h", 46 * MINUTE, 14 * MINUTE), ("45m", 9 * 60, 4 * 60)],
    ids=["long enough", "three quarters at most", "young"],
)
def test_what_lasts_long_enough_is_used(
    world: World, minimum: str, left: float, age: float
) -> None:
    """Three quarters of the lifetime are the most that can be asked for; 5 minutes are young."""
    old = cached(world, left, age)
    ask_for(world, minimum)
    assert key() == old
    assert world.count("GetRoleCredentials") == 1


def test_one_request_serves_all_that_start_together(world: World) -> None:
    """Twenty processes start with the same new credentials."""
    cached(world, 17 * MINUTE, 43 * MINUTE)
    ask_for(world, "45m")
    assert [line.rsplit("/", 1)[-1] for line in crowd(20)] == ["alice"] * 20
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.parametrize("why", ["portal down", "login needed"])
def test_if_it_fails_the_cached_ones_are_used(world: World, why: str) -> None:
    """Nobody is asked to log in, and it is not tried with every call."""
    old = cached(world, 17 * MINUTE, 43 * MINUTE)
    ask_for(world, "45m", "sso_login = device\n")
    if why == "portal down":
        world.emulator.faults.add("GetRoleCredentials", status=400)
    else:
        document = json.loads(world.token_file().read_text())
        del document["refreshToken"]
        document["expiresAt"] = "2020-01-01T00:00:00Z"
        world.token_file().write_text(json.dumps(document))
    session: Any = boto3.Session(profile_name="dev")
    credentials = session.get_credentials()
    assert {credentials.get_frozen_credentials().access_key for _ in range(5)} == {old}
    assert world.count("StartDeviceAuthorization") == 0
    assert world.count("GetRoleCredentials") <= 2


def test_it_applies_to_the_first_use_only() -> None:
    """Later renewals come when they are due."""
    now = Time()
    source = Source(now)
    credentials = SsoCredentials(source, Clock(now), minimum_lifetime=45 * MINUTE, random=lambda: 0)
    credentials.get_frozen_credentials()
    now.now += 20 * MINUTE
    credentials.get_frozen_credentials()
    assert source.minimums == [0.0]
    now.now += 25 * MINUTE
    credentials.get_frozen_credentials()
    wait_for_background()
    assert source.minimums == [0.0, 0.0]


def test_a_hanging_portal_is_waited_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And once: the next caller does not wait."""
    monkeypatch.setattr("sso_plugin.credentials.schedule._FIRST_USE_TIMEOUT", 0.05)
    now = Time()
    source = Source(now)
    source.cached = source.make("cached")
    now.now += 43 * MINUTE
    source.gate = threading.Event()
    credentials = SsoCredentials(source, Clock(now), minimum_lifetime=45 * MINUTE)
    keys = [credentials.get_frozen_credentials().access_key for _ in range(3)]
    assert keys == ["cached"] * 3
    source.gate.set()
    wait_for_background()
    assert credentials.get_frozen_credentials().access_key == "1"
    assert source.minimums == [45.0 * MINUTE]


@pytest.mark.parametrize("minimum", [0.0, 1.0, 45.0 * MINUTE, 10 * HOUR])
def test_the_time_until_which_they_serve(minimum: float) -> None:
    """Never after the renewal is due, never before they are 5 minutes old."""
    until = Lifetime(0, HOUR).long_enough_until(minimum)
    assert until == {0.0: 2700, 1.0: 2700, 2700.0: 900, 36000.0: 900}[minimum]
    assert Lifetime(0, 15 * MINUTE).long_enough_until(minimum) >= 5 * MINUTE


# --- what a thread reads -------------------------------------------------------------------------


@pytest.fixture
def now() -> Time:
    return Time()


def renewed(now: Time) -> tuple[Source, SsoCredentials]:
    """Give credentials that this thread has read one attribute of, and that were renewed then."""
    source = Source(now)
    credentials = SsoCredentials(source, Clock(now), random=lambda: 0.0)
    credentials.get_frozen_credentials()
    now.now += 45 * MINUTE
    source.gate = threading.Event()
    assert credentials.access_key == "1"
    source.gate.set()
    wait_for_background()
    return source, credentials


def test_a_thread_goes_on_with_the_generation_that_it_reads(now: Time) -> None:
    """For a minute; frozen credentials are always the newest."""
    _, credentials = renewed(now)
    assert credentials.get_frozen_credentials().access_key == "2"
    now.now += 59
    assert credentials.access_key == "1"
    now.now += 1
    assert credentials.access_key == "2"


def test_a_thread_that_has_read_nothing_reads_the_newest(now: Time) -> None:
    """Each thread has its own minute."""
    _, credentials = renewed(now)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(credentials.access_key))
    thread.start()
    thread.join()
    assert read == ["2"]


def test_what_is_about_to_expire_is_not_read_any_longer(now: Time) -> None:
    """A signature would not be good for much."""
    source = Source(now, lifetime=40)
    credentials = SsoCredentials(source, Clock(now), random=lambda: 0.0)
    assert credentials.access_key == "1"
    now.now += 35
    source.gate = threading.Event()
    assert credentials.access_key == "1"
    source.gate.set()
    wait_for_background()
    now.now += 1
    assert credentials.access_key == "2"


def test_what_aws_has_rejected_is_not_read_any_longer(now: Time) -> None:
    """Though the minute is not over."""
    source = Source(now)
    credentials = SsoCredentials(source, Clock(now), random=lambda: 0.0)
    assert credentials.access_key == "1"
    now.now += 20 * MINUTE
    assert credentials.access_key == "1"
    assert credentials.replace_rejected("1")
    assert credentials.access_key == "2"


def test_an_attribute_that_is_set_is_read(now: Time) -> None:
    """As botocore's own credentials allow it."""
    credentials = SsoCredentials(Source(now), Clock(now))
    assert credentials.access_key == "1"
    credentials.access_key = "set"
    credentials.secret_key = "other"
    credentials.token = "more"
    assert (credentials.access_key, credentials.secret_key) == ("set", "other")
    assert credentials.token == "more"
    assert type(credentials.secret_key) is str


def test_an_attribute_can_be_set_by_a_thread_that_has_read_none(now: Time) -> None:
    """It reads its own value for a minute, like any other generation."""
    source = Source(now)
    credentials = SsoCredentials(source, Clock(now), random=lambda: 0.0)
    credentials.get_frozen_credentials()
    credentials.token = "set"
    now.now += 44 * MINUTE
    assert credentials.replace_rejected("1")
    assert credentials.token == "token"


class SlowBody:
    """A large body: time passes and credentials are renewed while it is hashed."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def hash(self) -> None:
        hashlib.sha256(b"x" * 2**20).digest()
        deadline = time.monotonic() + 20
        old = self._credentials.get_frozen_credentials().access_key
        while self._credentials.get_frozen_credentials().access_key == old:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_signature_over_a_renewal_is_whole(world: World) -> None:
    """SigV4Auth reads the token, hashes the body, and reads the keys: STS takes what comes out."""
    world.emulator.settings.role_credentials = 4
    world.sign_in()
    session: Any = boto3.Session(profile_name="dev")
    credentials = session.get_credentials()
    slow = SlowBody(credentials)

    class Auth(SigV4Auth):
        def payload(self, request: Any) -> str:
            slow.hash()
            return str(super().payload(request))

    def sign() -> None:
        url = world.emulator.url + "/"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("POST", url, form, body)
        Auth(credentials, "sts", "us-east-1").add_auth(request)
        headers = dict(request.prepare().headers.items())
        signed = urllib.request.Request(url, body, headers, method="POST")
        with urllib.request.urlopen(signed, timeout=10) as answer:
            answers.append(answer.read())

    answers: list[bytes] = []
    for _ in range(3):
        # Each in a thread that has read nothing before: credentials live for 4 seconds here.
        thread = threading.Thread(target=sign)
        thread.start()
        thread.join()
    assert [b"/alice</Arn>" in answer for answer in answers] == [True] * 3
