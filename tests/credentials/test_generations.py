"""Which generation of credentials a thread reads while it signs."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from renewal import Source, Time, wait_for_background

import sso_plugin
from sso_plugin.clock import Clock
from sso_plugin.credentials.refreshable import SsoCredentials

if TYPE_CHECKING:
    from world import World

MINUTE = 60


@pytest.fixture
def now() -> Time:
    return Time()


def renewed(now: Time) -> tuple[Source, SsoCredentials]:
    """Return credentials that were renewed after this thread had read one attribute."""
    source = Source(now)
    credentials = SsoCredentials(lambda: source, Clock(now), random=lambda: 0.0)
    credentials.get_frozen_credentials()
    now.now += 45 * MINUTE
    source.gate = threading.Event()
    assert credentials.access_key == "1"
    source.gate.set()
    wait_for_background()
    return source, credentials


def test_a_thread_reads_the_same_generation_for_a_minute(now: Time) -> None:
    """Frozen credentials are always the newest."""
    _, credentials = renewed(now)
    assert credentials.get_frozen_credentials().access_key == "2"
    now.now += 59
    assert credentials.access_key == "1"
    now.now += 1
    assert credentials.access_key == "2"


def test_a_thread_that_has_read_nothing_reads_the_newest_generation(now: Time) -> None:
    """Each thread has its own minute."""
    _, credentials = renewed(now)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(credentials.access_key))
    thread.start()
    thread.join()
    assert read == ["2"]


def test_a_generation_that_is_about_to_expire_is_not_read(now: Time) -> None:
    """AWS would reject the signature soon."""
    source = Source(now, lifetime=40)
    credentials = SsoCredentials(lambda: source, Clock(now), random=lambda: 0.0)
    assert credentials.access_key == "1"
    now.now += 35
    source.gate = threading.Event()
    assert credentials.access_key == "1"
    source.gate.set()
    wait_for_background()
    now.now += 1
    assert credentials.access_key == "2"


def test_a_generation_that_aws_has_rejected_is_not_read(now: Time) -> None:
    """Also before the minute is over."""
    source = Source(now)
    credentials = SsoCredentials(lambda: source, Clock(now), random=lambda: 0.0)
    assert credentials.access_key == "1"
    now.now += 20 * MINUTE
    assert credentials.access_key == "1"
    assert credentials.replace_rejected("1")
    assert credentials.access_key == "2"


def test_a_set_attribute_is_read(now: Time) -> None:
    """As in botocore's own credentials."""
    credentials = SsoCredentials(lambda: Source(now), Clock(now))
    assert credentials.access_key == "1"
    credentials.access_key = "set"
    credentials.secret_key = "other"
    credentials.token = "more"
    assert (credentials.access_key, credentials.secret_key) == ("set", "other")
    assert credentials.token == "more"
    assert type(credentials.secret_key) is str


def test_a_thread_that_has_read_nothing_can_set_an_attribute(now: Time) -> None:
    """It reads its own value for a minute, as it reads any generation."""
    source = Source(now)
    credentials = SsoCredentials(lambda: source, Clock(now), random=lambda: 0.0)
    credentials.get_frozen_credentials()
    credentials.token = "set"
    now.now += 44 * MINUTE
    assert credentials.replace_rejected("1")
    assert credentials.token == "token"


class SlowBody:
    """A large body. The credentials are renewed while it is hashed."""

    def __init__(self, world: World, credentials: Any) -> None:
        self._world = world
        self._credentials = credentials

    def hash(self) -> None:
        hashlib.sha256(b"x" * 2**20).digest()
        deadline = time.monotonic() + 60
        old = self._credentials.get_frozen_credentials().access_key
        self._world.make_credentials_due()
        self._credentials._schedule = self._credentials._schedule.due_now()
        while self._credentials.get_frozen_credentials().access_key == old:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.long
def test_a_signature_during_a_renewal_is_valid(world: World) -> None:
    """SigV4Auth reads the token, hashes the body, then reads the keys. STS accepts it."""
    sso_plugin.enable()
    world.sign_in()
    session: Any = boto3.Session(profile_name="dev")
    credentials = session.get_credentials()
    slow = SlowBody(world, credentials)

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
        with urllib.request.urlopen(signed, timeout=60) as response:
            responses.append(response.read())

    responses: list[bytes] = []
    for _ in range(3):
        # Each in a new thread, which has read nothing before.
        thread = threading.Thread(target=sign)
        thread.start()
        thread.join()
    assert [b"/alice</Arn>" in response for response in responses] == [True] * 3
    assert world.count("GetRoleCredentials") == 4
