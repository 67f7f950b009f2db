"""Renewal: what a caller gets at each time, which thread sends requests, and how many."""

from __future__ import annotations

import _thread
import json
import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from email.utils import formatdate
from time import gmtime, strftime
from time import time as wall_time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from crowd import crowd
from renewal import (
    HOUR,
    Source,
    Time,
    credentials_of,
    key_of,
    wait_for_background,
    wait_until,
    watch_lock,
)

import sso_plugin
from sso_plugin import KeyUnavailable, LoginRequired, SsoPluginError
from sso_plugin.clock import Clock
from sso_plugin.credentials import schedule
from sso_plugin.credentials.refreshable import SsoCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

    from sso_plugin.credentials.role_credentials import RoleCredentials

MINUTE = 60


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source(time: Time) -> Source:
    return Source(time)


def test_nothing_is_fetched_before_first_use(source: Source) -> None:
    """Making a session sends no request."""
    credentials_of(source)
    assert source.threads == []


def test_the_type_is_that_of_botocore(source: Source) -> None:
    """Libraries check for the type and read the attributes."""
    credentials = credentials_of(source)
    assert isinstance(credentials, RefreshableCredentials)
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (
        "1",
        "secret",
        "token",
    )
    assert credentials.method == "sso"
    assert not credentials.refresh_needed()
    assert credentials._expiry_time == datetime.fromtimestamp(1_003_600, timezone.utc)


def test_cached_credentials_need_no_request(source: Source) -> None:
    """A warm cache costs no request."""
    source.cached = source.make("cached")
    assert key_of(credentials_of(source)) == "cached"
    assert source.threads == []


def test_fresh_credentials_are_not_renewed(source: Source, time: Time) -> None:
    """No request before the advisory window, however many callers there are."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60 - 1
    assert [key_of(credentials) for _ in range(100)] == ["1"] * 100
    assert len(source.threads) == 1


def test_in_the_advisory_window_no_caller_waits(source: Source, time: Time) -> None:
    """Callers get the current credentials while another thread renews them once."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    source.gate = threading.Event()
    assert [key_of(credentials) for _ in range(10)] == ["1"] * 10
    source.gate.set()
    wait_for_background()
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "sso-plugin-renewal"]


def test_cached_credentials_in_the_advisory_window_are_used_and_renewed(
    source: Source, time: Time
) -> None:
    """A process that starts late in their lifetime does not wait either."""
    source.cached = source.make("cached")
    time.now += HOUR - 5 * 60
    source.gate = threading.Event()
    credentials = credentials_of(source)
    assert key_of(credentials) == "cached"
    source.gate.set()
    wait_for_background()
    assert source.threads == ["sso-plugin-renewal"]
    assert key_of(credentials) == "1"


def test_in_the_mandatory_window_a_caller_waits(source: Source, time: Time) -> None:
    """From a minute before expiry on, until the renewal has ended."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 60
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "sso-plugin-renewal"]


def test_a_caller_stops_waiting_before_its_credentials_expire(source: Source, time: Time) -> None:
    """If the portal hangs, it uses credentials that are valid for one more request."""
    credentials = credentials_of(source)
    key_of(credentials)
    source.gate = threading.Event()
    time.now += HOUR - 12.05
    assert key_of(credentials) == "1"
    time.now += 12.04
    assert key_of(credentials) == "1"
    source.gate.set()
    wait_for_background()
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "sso-plugin-renewal"]


def test_a_person_is_asked_only_without_valid_credentials(source: Source, time: Time) -> None:
    """A login opens a browser. No renewal ahead of time is worth that."""
    credentials = credentials_of(source)
    key_of(credentials)
    source.error = LoginRequired(error_msg="log in")
    time.now += HOUR - 60
    key_of(credentials)
    time.now += 60
    with pytest.raises(LoginRequired, match="log in"):
        key_of(credentials)
    assert source.attended == [True, False, True]


def test_ctrl_c_while_a_renewal_starts_leaves_no_lock_held(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread has started by then, and the next caller waits for it."""
    credentials = credentials_of(source)
    key_of(credentials)
    start = _thread.start_new_thread

    def interrupted(*arguments: Any) -> None:
        start(*arguments)
        raise KeyboardInterrupt

    time.now += HOUR - 60
    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            key_of(credentials)
    wait_for_background()
    assert key_of(credentials) == "2"
    time.now += HOUR
    assert key_of(credentials) == "3"


@pytest.mark.parametrize("error", [LoginRequired, KeyUnavailable])
def test_a_person_is_asked_if_credentials_expire_during_a_renewal(
    source: Source, time: Time, error: type[SsoPluginError]
) -> None:
    """The running renewal must not ask, so the caller makes another attempt."""
    credentials = credentials_of(source)
    lock = watch_lock(credentials)
    key_of(credentials)
    source.gate = threading.Event()
    source.error = error(error_msg="log in")
    time.now += HOUR - 12
    assert key_of(credentials) == "1"
    wait_until(lambda: source.attended == [True, False])
    time.now += 12
    with ThreadPoolExecutor(1) as pool:
        before = len(lock.threads)
        waiting = pool.submit(key_of, credentials)
        # The caller waits for the lock that the renewal holds.
        wait_until(lambda: len(lock.threads) > before)
        fetch = source.fetch

        def logged_in(*, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
            source.error = None
            return fetch(attended=attended)

        source.fetch = logged_in  # type: ignore[method-assign]
        source.gate.set()
        assert waiting.result(60) == "3"
    assert source.attended == [True, False, True]


def test_the_thread_imports_what_the_renewal_needs(source: Source, time: Time) -> None:
    """The imports take longer than a caller should wait."""
    credentials = credentials_of(source)
    key_of(credentials)
    assert source.prepared == []
    time.now += HOUR - 60
    key_of(credentials)
    assert source.prepared == ["sso-plugin-renewal"]


def credentials_of_paused_machine(source: Source, time: Time) -> SsoCredentials:
    """Return credentials that are valid by the time since boot, and expired by the wall clock."""
    clock = Clock(time, lambda: 500.0)
    clock.observe(formatdate(time.now, usegmt=True))
    credentials = SsoCredentials(lambda: source, clock, random=lambda: 0.0)
    key_of(credentials)
    time.now += 2 * HOUR
    return credentials


def test_a_caller_waits_a_few_seconds_if_only_the_wall_clock_says_expired(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credentials may be valid, and the portal may hang."""
    monkeypatch.setattr(schedule, "_UNCERTAIN_EXPIRY_TIMEOUT", 0.05)
    credentials = credentials_of_paused_machine(source, time)
    source.gate = threading.Event()
    assert key_of(credentials) == "1"
    source.gate.set()
    wait_for_background()
    assert key_of(credentials) == "2"


def test_a_wall_clock_that_was_ahead_does_not_delay_the_next_attempt(
    source: Source, time: Time
) -> None:
    """It comes after a second, not when the wall clock reaches that time again."""
    counted = 500.0
    clock = Clock(time, lambda: counted)
    clock.observe(formatdate(time.now, usegmt=True))
    credentials = SsoCredentials(lambda: source, clock, random=lambda: 0.0)
    key_of(credentials)
    time.now += 24 * HOUR
    source.error = LoginRequired(error_msg="log in")
    assert key_of(credentials) == "1"
    source.error = None
    time.now -= 24 * HOUR
    counted += HOUR
    time.now += HOUR
    assert key_of(credentials) == "3"


def test_a_machine_that_was_paused_renews_credentials_that_may_have_expired(
    source: Source, time: Time
) -> None:
    """They are valid by the time since boot, but not by the wall clock."""
    credentials = credentials_of_paused_machine(source, time)
    assert key_of(credentials) == "2"


def test_a_second_outage_is_logged_and_backed_off_like_the_first(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning again, and the attempt timeout is short at first."""
    caplog.set_level(logging.INFO)
    credentials = credentials_of(source, background=False)
    for _ in range(2):
        key_of(credentials)
        time.now += HOUR - 15 * 60
        source.error, before = LoginRequired(error_msg="log in"), len(source.threads)
        attempts = []
        for _ in range(8):
            key_of(credentials)
            attempts.append(len(source.threads) - before)
            time.now += 1
        assert attempts == [1, 2, 2, 3, 3, 3, 3, 4]
        source.error = None
        time.now += 60
        key_of(credentials)
        time.now += HOUR
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2


@pytest.mark.parametrize(("jitter", "after"), [(0.0, 1.0), (1.0, 0.9)])
def test_jitter_shortens_the_attempt_timeout_by_a_tenth_at_most(
    source: Source, time: Time, jitter: float, after: float
) -> None:
    """Processes that had the same outage do not try again together."""
    credentials = SsoCredentials(
        lambda: source, Clock(time), background=False, random=lambda: jitter
    )
    key_of(credentials)
    time.now += HOUR - 60
    source.error = LoginRequired(error_msg="log in")
    key_of(credentials)
    time.now += after - 0.01
    key_of(credentials)
    assert len(source.threads) == 2
    time.now += 0.02
    key_of(credentials)
    assert len(source.threads) == 3


def test_in_the_mandatory_window_callers_wait_for_the_running_renewal(
    source: Source, time: Time
) -> None:
    """They send no second request."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 61
    source.gate = threading.Event()
    assert key_of(credentials) == "1"
    time.now += 1
    got: list[str] = []
    callers = [threading.Thread(target=lambda: got.append(key_of(credentials))) for _ in range(5)]
    for caller in callers:
        caller.start()
    source.gate.set()
    for caller in callers:
        caller.join(60)
    assert got == ["2"] * 5
    assert len(source.threads) == 2


def test_a_failed_renewal_is_no_error_while_credentials_are_valid(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """Also for a caller that waits. One warning is logged for the whole outage."""
    caplog.set_level(logging.INFO)
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    source.error = LoginRequired(error_msg="the portal is down")
    time.now += HOUR - 15 * 60
    for _ in range(15 * 60 - 1):
        assert key_of(credentials) == "1"
        time.now += 1
    assert [record.getMessage() for record in caplog.records] == [
        "Cannot renew the credentials, using the current ones: the portal is down"
    ]
    source.error = None
    time.now += 1
    assert key_of(credentials) != "1"
    assert "Credentials are renewed again" in caplog.records[-1].getMessage()


def test_the_attempt_timeout_doubles_up_to_a_minute(source: Source, time: Time) -> None:
    """An unreachable portal does not get a request with each call."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    source.error = LoginRequired(error_msg="the portal is down")
    time.now += HOUR - 15 * 60
    attempts = []
    for second in range(300):
        before = len(source.threads)
        key_of(credentials)
        if len(source.threads) > before:
            attempts.append(second)
        time.now += 1
    assert attempts == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_after_expiry_the_caller_gets_the_error(source: Source, time: Time) -> None:
    """Each caller makes an attempt, so a login elsewhere helps at once."""
    credentials = credentials_of(source)
    key_of(credentials)
    source.error = LoginRequired(error_msg="Run: sso-plugin login --profile dev")
    time.now += HOUR
    for _ in range(3):
        with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
            key_of(credentials)
    assert len(source.threads) == 4
    source.error = None
    assert key_of(credentials) == "5"


def test_the_first_caller_gets_the_error_of_the_first_fetch(source: Source) -> None:
    """There are no credentials to use."""
    source.error = LoginRequired(error_msg="no token")
    with pytest.raises(LoginRequired, match="no token"):
        key_of(credentials_of(source))


def test_threads_that_wait_together_share_one_attempt(source: Source) -> None:
    """Twenty threads with a failing portal: one request, and an error for each."""
    source.error = LoginRequired(error_msg="no token")
    source.gate = threading.Event()
    credentials = credentials_of(source)
    lock = watch_lock(credentials)
    errors: list[BaseException] = []

    def use() -> None:
        try:
            key_of(credentials)
        except LoginRequired as exc:
            errors.append(exc)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(lock.threads) == len(threads))
    source.gate.set()
    for thread in threads:
        thread.join(60)
    assert len(errors) == 20
    assert len({id(error) for error in errors}) == 20
    assert len(source.threads) == 1


def test_credentials_with_a_short_lifetime_are_not_fetched_with_every_call(
    source: Source, time: Time
) -> None:
    """Stock botocore asks once per call for credentials of 30 seconds (boto/botocore#2189)."""
    source.lifetime = 30
    credentials = credentials_of(source, background=False)
    for _ in range(300):
        key_of(credentials)
        time.now += 0.1
    assert len(source.threads) == 2


def test_a_blocking_renewal_runs_in_the_callers_thread(source: Source, time: Time) -> None:
    """``sso_refresh = blocking``: for programs that must not have threads."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "MainThread"]


def test_a_blocking_renewal_does_not_block_other_threads(source: Source, time: Time) -> None:
    """The credentials are valid: only the first caller renews them."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    source.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(key_of, credentials)
        wait_until(lambda: len(source.threads) == 2)
        assert key_of(credentials) == "1"
        source.gate.set()
        assert renewing.result(60) == "2"


def test_a_caller_uses_the_current_credentials_if_no_thread_can_start(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At interpreter shutdown no thread can start."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60

    def refuse(*_: object) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", refuse)
        assert key_of(credentials) == "1"
    key_of(credentials)
    wait_for_background()
    assert key_of(credentials) == "2"


def test_an_unexpected_error_does_not_break_a_caller(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """It is handled like any other error, and logged."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    source.error = ZeroDivisionError("a bug")
    time.now += HOUR - 15 * 60
    assert key_of(credentials) == "1"
    assert "a bug" in caplog.text
    time.now += 15 * 60
    with pytest.raises(ZeroDivisionError, match="a bug"):
        key_of(credentials)


def test_jitter_delays_a_renewal(source: Source, time: Time) -> None:
    """Processes that started together do not renew together."""
    credentials = SsoCredentials(lambda: source, Clock(time), background=False, random=lambda: 1.0)
    key_of(credentials)
    time.now += HOUR - 15 * 60 + 83
    assert key_of(credentials) == "1"
    time.now += 1
    assert key_of(credentials) == "2"


def test_refresh_using_returns_the_format_of_botocore(source: Source) -> None:
    """Some libraries call it."""
    assert vars(credentials_of(source))["_refresh_using"]() == {
        "access_key": "1",
        "secret_key": "secret",
        "token": "token",
        "expiry_time": "1970-01-12T14:46:40Z",
        "account_id": "111111111111",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_during_a_renewal_does_not_block_the_child(source: Source, time: Time) -> None:
    """The thread that holds the lock does not exist in the child, which renews by itself."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    gate = source.gate = threading.Event()
    key_of(credentials)
    wait_until(lambda: len(source.threads) == 2)
    child = os.fork()
    if child == 0:
        source.gate = None
        time.now += 15 * 60
        os._exit(0 if key_of(credentials) == "3" else 1)
    _, status = os.waitpid(child, 0)
    gate.set()
    wait_for_background()
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_during_a_first_use_does_not_block_the_child(source: Source, time: Time) -> None:
    """Other credentials can be used there. A lock of the class would be held forever."""
    begun, go_on = threading.Event(), threading.Event()

    def make_source() -> Source:
        begun.set()
        assert go_on.wait(60)
        return source

    first = SsoCredentials(make_source, Clock(time))
    thread = threading.Thread(target=key_of, args=(first,))
    thread.start()
    assert begun.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if key_of(credentials_of(source)) == "1" else 1)
    go_on.set()
    thread.join(60)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("repr_of", [repr, str, lambda one: repr(one._current)])
def test_no_repr_shows_a_secret(source: Source, repr_of: Callable[[SsoCredentials], str]) -> None:
    """Neither that of the credentials nor that of the generation."""
    credentials = credentials_of(source)
    key_of(credentials)
    assert "secret" not in repr_of(credentials)
    assert "'token'" not in repr_of(credentials)


# --- the minimum lifetime at first use ---


def key() -> str:
    """Return the access key that a new session gets."""
    sso_plugin.enable()
    session: Any = boto3.Session(profile_name="dev")
    return str(session.get_credentials().get_frozen_credentials().access_key)


def cached(world: World, left: float, age: float) -> str:
    """Put credentials into the cache, with this time left and of this age; return their key."""
    world.sign_in()
    name = key()
    [file] = world.role_files()
    document = json.loads(file.read_text())
    ends = gmtime(wall_time() + left)
    document["Credentials"]["Expiration"] = strftime("%Y-%m-%dT%H:%M:%SZ", ends)
    file.write_text(json.dumps(document))
    then = wall_time() - age
    os.utime(file, (then, then))
    return name


def ask_for(world: World, minimum: str, more: str = "") -> None:
    world.configure(world.emulator.profile() + f"sso_minimum_lifetime = {minimum}\n{more}")


@pytest.mark.long
@pytest.mark.parametrize("refresh", ["background", "blocking"])
@pytest.mark.parametrize(
    "minimum",
    ["1800", *(pytest.param(text, marks=pytest.mark.long) for text in ("1800s", "30m", "0.5h"))],
)
def test_a_session_starts_with_credentials_of_the_minimum_lifetime(
    world: World, minimum: str, refresh: str
) -> None:
    """At minute 43 of an hour, 17 minutes are left; without the key they are used."""
    old = cached(world, 17 * MINUTE, 43 * MINUTE)
    assert key() == old
    ask_for(world, minimum, f"sso_refresh = {refresh}\n")
    new = key()
    assert old != new == key()
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("minimum", "left", "age"),
    [("30m", 31 * MINUTE, 29 * MINUTE), ("10h", 46 * MINUTE, 14 * MINUTE), ("45m", 9 * 60, 4 * 60)],
    ids=["long enough", "three quarters at most", "young"],
)
def test_cached_credentials_that_last_long_enough_are_used(
    world: World, minimum: str, left: float, age: float
) -> None:
    """At most three quarters of the lifetime count, and none of the first 5 minutes."""
    old = cached(world, left, age)
    ask_for(world, minimum)
    assert key() == old
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
@pytest.mark.parametrize("number", [4, pytest.param(20, marks=pytest.mark.long)])
def test_one_request_serves_all_processes_that_start_together(world: World, number: int) -> None:
    """All of them start with the same new credentials."""
    cached(world, 17 * MINUTE, 43 * MINUTE)
    ask_for(world, "45m")
    assert [line.rsplit("/", 1)[-1] for line in crowd(number)] == ["alice"] * number
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.long
@pytest.mark.parametrize("why", ["portal down", "login needed"])
def test_cached_credentials_are_used_if_the_portal_issues_no_longer_ones(
    world: World, why: str
) -> None:
    """No person is asked to log in, and there is no request with every call."""
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


def test_the_minimum_lifetime_applies_to_the_first_use_only() -> None:
    """Later renewals come when they are due."""
    now = Time()
    source = Source(now)
    credentials = SsoCredentials(
        lambda: source, Clock(now), minimum_lifetime=45 * MINUTE, random=lambda: 0
    )
    credentials.get_frozen_credentials()
    now.now += 20 * MINUTE
    credentials.get_frozen_credentials()
    assert source.minimums == [0.0]
    now.now += 25 * MINUTE
    credentials.get_frozen_credentials()
    wait_for_background()
    assert source.minimums == [0.0, 0.0]


def test_the_first_caller_waits_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next callers do not wait."""
    monkeypatch.setattr("sso_plugin.credentials.schedule._FIRST_USE_TIMEOUT", 0.05)
    now = Time()
    source = Source(now)
    source.cached = source.make("cached")
    now.now += 43 * MINUTE
    source.gate = threading.Event()
    credentials = SsoCredentials(lambda: source, Clock(now), minimum_lifetime=45 * MINUTE)
    keys = [credentials.get_frozen_credentials().access_key for _ in range(3)]
    assert keys == ["cached"] * 3
    source.gate.set()
    wait_for_background()
    assert credentials.get_frozen_credentials().access_key == "1"
    assert source.minimums == [45.0 * MINUTE]
