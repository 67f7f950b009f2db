"""Renewal: what a caller gets at each moment, which thread asks the portal, and how often."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import RefreshableCredentials
from renewal import HOUR, Source, Time, credentials_of, key_of, wait_for_background

from sso_plugin import LoginRequired
from sso_plugin.clock import Clock
from sso_plugin.credentials import schedule
from sso_plugin.credentials.refreshable import SsoCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.credentials.role_credentials import RoleCredentials


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source(time: Time) -> Source:
    return Source(time)


def test_nothing_is_fetched_before_it_is_used(source: Source) -> None:
    """Making a session asks nobody for anything."""
    credentials_of(source)
    assert source.threads == []


def test_they_are_botocore_refreshable_credentials(source: Source) -> None:
    """Libraries test for the type and read the attributes."""
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


def test_what_the_cache_has_is_used_without_asking(source: Source) -> None:
    """A warm cache costs no request."""
    source.cached = source.make("cached")
    assert key_of(credentials_of(source)) == "cached"
    assert source.threads == []


def test_fresh_credentials_are_not_asked_for_again(source: Source, time: Time) -> None:
    """Until renewal is due, no call goes out, however many callers come."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60 - 1
    assert [key_of(credentials) for _ in range(100)] == ["1"] * 100
    assert len(source.threads) == 1


def test_a_due_renewal_keeps_nobody_waiting(source: Source, time: Time) -> None:
    """The caller gets the current credentials while another thread asks the portal, once."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    source.gate = threading.Event()
    assert [key_of(credentials) for _ in range(10)] == ["1"] * 10
    source.gate.set()
    wait_for_background()
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "sso-plugin-renewal"]


def test_cached_credentials_about_to_expire_are_used_and_renewed(
    source: Source, time: Time
) -> None:
    """A process that starts late in the life of the cache does not wait either."""
    source.cached = source.make("cached")
    time.now += HOUR - 5 * 60
    source.gate = threading.Event()
    credentials = credentials_of(source)
    assert key_of(credentials) == "cached"
    source.gate.set()
    wait_for_background()
    assert source.threads == ["sso-plugin-renewal"]
    assert key_of(credentials) == "1"


def test_in_the_last_moments_a_caller_waits(source: Source, time: Time) -> None:
    """From a minute before the end on, until the renewal is done."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 60
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "sso-plugin-renewal"]


def test_a_caller_does_not_wait_until_its_credentials_have_expired(
    source: Source, time: Time
) -> None:
    """If the portal hangs, it goes on with what is good for one more request."""
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


def test_a_person_is_asked_only_when_nothing_else_is_left(source: Source, time: Time) -> None:
    """A login opens a browser, and no renewal ahead of time is worth that."""
    credentials = credentials_of(source)
    key_of(credentials)
    source.error = LoginRequired(error_msg="log in")
    time.now += HOUR - 60
    key_of(credentials)
    time.now += 60
    with pytest.raises(LoginRequired, match="log in"):
        key_of(credentials)
    assert source.attended == [True, False, True]


def test_ctrl_c_while_a_renewal_starts_leaves_nothing_locked(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread runs by then, and whoever comes next waits for it."""
    credentials = credentials_of(source)
    key_of(credentials)
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    time.now += HOUR - 60
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            key_of(credentials)
    wait_for_background()
    assert key_of(credentials) == "2"
    time.now += HOUR
    assert key_of(credentials) == "3"


def test_a_person_is_asked_if_credentials_end_during_a_renewal(source: Source, time: Time) -> None:
    """The renewal that ran could not ask, so it is not the last word."""
    credentials = credentials_of(source)
    key_of(credentials)
    source.gate = threading.Event()
    source.error = LoginRequired(error_msg="log in")
    time.now += HOUR - 12
    assert key_of(credentials) == "1"
    time.now += 12
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(key_of, credentials)
        time_out = threading.Event()
        time_out.wait(0.1)
        fetch = source.fetch

        def logged_in(*, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
            source.error = None
            return fetch(attended=attended)

        source.fetch = logged_in  # type: ignore[method-assign]
        source.gate.set()
        assert waiting.result(10) == "3"
    assert source.attended == [True, False, True]


def test_a_renewal_imports_nothing_that_a_fork_could_cut_off(source: Source, time: Time) -> None:
    """What it needs is imported by the caller, who does not fork meanwhile."""
    credentials = credentials_of(source)
    key_of(credentials)
    assert source.prepared == []
    time.now += HOUR - 60
    key_of(credentials)
    assert source.prepared == ["MainThread"]


def held_machine(source: Source, time: Time) -> SsoCredentials:
    """Give credentials that live by the count from boot, while the wall clock is 2 hours ahead."""
    clock = Clock(time, lambda: 500.0)
    clock.observe(formatdate(time.now, usegmt=True))
    credentials = SsoCredentials(source, clock, random=lambda: 0.0)
    key_of(credentials)
    time.now += 2 * HOUR
    return credentials


def test_credentials_that_may_live_do_not_wait_for_a_portal_that_hangs(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a few seconds only: they may have expired, and may not."""
    monkeypatch.setattr(schedule, "_UNCERTAIN_EXPIRY_TIMEOUT", 0.05)
    credentials = held_machine(source, time)
    source.gate = threading.Event()
    assert key_of(credentials) == "1"
    source.gate.set()
    wait_for_background()
    assert key_of(credentials) == "2"


def test_a_clock_that_was_ahead_for_a_while_holds_nothing_off(source: Source, time: Time) -> None:
    """A renewal that failed then is tried again in a second, and not when that time comes."""
    counted = 500.0
    clock = Clock(time, lambda: counted)
    clock.observe(formatdate(time.now, usegmt=True))
    credentials = SsoCredentials(source, clock, random=lambda: 0.0)
    key_of(credentials)
    time.now += 24 * HOUR
    source.error = LoginRequired(error_msg="log in")
    assert key_of(credentials) == "1"
    source.error = None
    time.now -= 24 * HOUR
    counted += HOUR
    time.now += HOUR
    assert key_of(credentials) == "3"


def test_a_machine_that_was_held_renews_what_may_have_expired(source: Source, time: Time) -> None:
    """Its count from boot says that they live, its wall clock that they do not."""
    credentials = held_machine(source, time)
    assert key_of(credentials) == "2"


def test_an_outage_after_another_is_a_new_one(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """Told again, and held off for a short time first."""
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
def test_jitter_shortens_a_hold_off_by_a_tenth_at_most(
    source: Source, time: Time, jitter: float, after: float
) -> None:
    """Processes that met an outage together do not try again together."""
    credentials = SsoCredentials(source, Clock(time), background=False, random=lambda: jitter)
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


def test_in_the_last_moments_a_caller_waits_for_the_renewal_that_runs(
    source: Source, time: Time
) -> None:
    """It does not ask a second time."""
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
        caller.join(10)
    assert got == ["2"] * 5
    assert len(source.threads) == 2


def test_a_failed_renewal_harms_nobody_while_credentials_live(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even a caller that had to wait; one warning is logged for the whole outage."""
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


def test_failed_renewals_are_held_off_for_longer_and_longer(source: Source, time: Time) -> None:
    """1 second, doubling to 60: a dead portal is not asked with every request."""
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


def test_after_the_end_the_caller_gets_the_error(source: Source, time: Time) -> None:
    """With its type and text, and each caller tries anew: a login elsewhere is noticed at once."""
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


def test_the_first_fetch_that_fails_is_the_callers(source: Source) -> None:
    """There is nothing to go on with."""
    source.error = LoginRequired(error_msg="no token")
    with pytest.raises(LoginRequired, match="no token"):
        key_of(credentials_of(source))


def test_threads_that_wait_together_share_one_attempt(source: Source) -> None:
    """Twenty threads on one failing portal are one request, and twenty errors."""
    source.error = LoginRequired(error_msg="no token")
    source.gate = threading.Event()
    credentials = credentials_of(source)
    errors: list[BaseException] = []

    def use() -> None:
        try:
            key_of(credentials)
        except LoginRequired as exc:
            errors.append(exc)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.01)  # time to come as far as the lock
    source.gate.set()
    for thread in threads:
        thread.join(10)
    assert len(errors) == 20
    assert len({id(error) for error in errors}) == 20
    assert len(source.threads) == 1


def test_short_lived_credentials_are_not_fetched_with_every_call(
    source: Source, time: Time
) -> None:
    """Stock botocore asks once per call for credentials of 30 seconds (boto/botocore#2189)."""
    source.lifetime = 30
    credentials = credentials_of(source, background=False)
    for _ in range(300):
        key_of(credentials)
        time.now += 0.1
    assert len(source.threads) == 2


def test_blocking_renewal_stays_on_the_callers_thread(source: Source, time: Time) -> None:
    """``sso_refresh = blocking``: for programs that must not have threads."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    assert key_of(credentials) == "2"
    assert source.threads == ["MainThread", "MainThread"]


def test_a_blocking_renewal_keeps_no_other_thread_waiting(source: Source, time: Time) -> None:
    """The credentials live: only the caller who finds them due renews them."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    source.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(key_of, credentials)
        while len(source.threads) < 2:
            threading.Event().wait(0.01)
        assert key_of(credentials) == "1"
        source.gate.set()
        assert renewing.result(10) == "2"


def test_a_thread_that_cannot_start_stops_nobody(
    source: Source, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At interpreter shutdown no thread starts; the current credentials will do."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert key_of(credentials) == "1"
    key_of(credentials)
    wait_for_background()
    assert key_of(credentials) == "2"


def test_a_bug_of_ours_does_not_break_a_caller(
    source: Source, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """An error nobody thought of is treated as any other, and is not lost."""
    credentials = credentials_of(source, background=False)
    key_of(credentials)
    source.error = ZeroDivisionError("a bug")
    time.now += HOUR - 15 * 60
    assert key_of(credentials) == "1"
    assert "a bug" in caplog.text
    time.now += 15 * 60
    with pytest.raises(ZeroDivisionError, match="a bug"):
        key_of(credentials)


def test_jitter_spreads_renewals_but_never_before_they_are_due(source: Source, time: Time) -> None:
    """Processes that started together do not renew together."""
    credentials = SsoCredentials(source, Clock(time), background=False, random=lambda: 1.0)
    key_of(credentials)
    time.now += HOUR - 15 * 60 + 83
    assert key_of(credentials) == "1"
    time.now += 1
    assert key_of(credentials) == "2"


def test_refresh_using_answers_in_botocores_terms(source: Source) -> None:
    """Some libraries call it themselves."""
    assert vars(credentials_of(source))["_refresh_using"]() == {
        "access_key": "1",
        "secret_key": "secret",
        "token": "token",
        "expiry_time": "1970-01-12T14:46:40Z",
        "account_id": "111111111111",
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_renewal_does_not_lock_the_child(
    source: Source, time: Time
) -> None:
    """The thread that held the lock is not there in the child, which renews for itself."""
    credentials = credentials_of(source)
    key_of(credentials)
    time.now += HOUR - 15 * 60
    gate = source.gate = threading.Event()
    key_of(credentials)
    child = os.fork()
    if child == 0:
        source.gate = None
        time.now += 15 * 60
        os._exit(0 if key_of(credentials) == "3" else 1)
    _, status = os.waitpid(child, 0)
    gate.set()
    wait_for_background()
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("repr_of", [repr, str, lambda one: repr(one._current)])
def test_no_repr_shows_a_secret(source: Source, repr_of: Callable[[SsoCredentials], str]) -> None:
    """Neither the credentials nor what they hold."""
    credentials = credentials_of(source)
    key_of(credentials)
    assert "secret" not in repr_of(credentials)
    assert "'token'" not in repr_of(credentials)
