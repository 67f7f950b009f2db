"""When credentials are renewed, and which callers wait: properties of the pure schedule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property_tests import SEARCH

from sso_plugin.credentials.schedule import Action, Lifetime, Schedule

MINUTE = 60.0
HOUR = 3600.0

times = st.floats(0, 2_000_000)
fractions = st.floats(0, 1)
lifetimes = st.builds(
    lambda issued_at, length: Lifetime(issued_at, issued_at + length),
    times,
    st.floats(1, 50 * HOUR),
)
schedules = st.builds(Schedule.of, lifetimes, fractions)


@pytest.mark.parametrize("minimum", [0.0, 1.0, 45.0 * MINUTE, 10 * HOUR])
def test_credentials_are_long_enough_until_the_minimum_lifetime_is_left(minimum: float) -> None:
    """Never after the advisory window begins, and always in the first 5 minutes."""
    until = Lifetime(0, HOUR).long_enough_until(minimum)
    assert until == {0.0: 2700, 1.0: 2700, 2700.0: 900, 36000.0: 900}[minimum]
    assert Lifetime(0, 15 * MINUTE).long_enough_until(minimum) >= 5 * MINUTE


@pytest.mark.long
@SEARCH
@given(lifetimes)
def test_the_windows_are_in_order(lifetime: Lifetime) -> None:
    """Advisory, then mandatory, then the time in which nothing waits, then the expiry."""
    assert (
        lifetime.issued_at
        < lifetime.advisory_refresh_at
        < lifetime.mandatory_refresh_at
        < lifetime.wait_until
        < lifetime.expires_at
    )


@pytest.mark.long
@SEARCH
@given(lifetimes)
def test_the_windows_are_never_longer_than_those_of_botocore(lifetime: Lifetime) -> None:
    """15 minutes and 1 minute; shorter for credentials with a short lifetime."""
    tolerance = 1e-6
    assert lifetime.expires_at - lifetime.advisory_refresh_at <= 15 * MINUTE + tolerance
    assert lifetime.expires_at - lifetime.mandatory_refresh_at <= MINUTE + tolerance


@pytest.mark.parametrize("issued_at", [HOUR, HOUR + 1, 10 * HOUR])
def test_an_unknown_issue_time_counts_as_an_hour_before_expiry(issued_at: float) -> None:
    """Some programs write a file after its content has expired, or set its mtime."""
    assert Lifetime(issued_at, HOUR).advisory_refresh_at == Lifetime(0, HOUR).advisory_refresh_at


@pytest.mark.long
@SEARCH
@given(lifetimes, st.floats(0, 100 * HOUR))
def test_long_enough_ends_before_the_advisory_window(lifetime: Lifetime, minimum: float) -> None:
    """No minimum lifetime replaces credentials in their first 5 minutes or first quarter."""
    until = lifetime.long_enough_until(minimum)
    quarter = lifetime.issued_at + (lifetime.expires_at - lifetime.issued_at) / 4
    assert until <= lifetime.advisory_refresh_at
    assert until >= min(lifetime.advisory_refresh_at, lifetime.replaceable_from)
    assert until >= quarter - 1e-6


@pytest.mark.long
@SEARCH
@given(schedules, times)
def test_the_action_follows_from_the_windows(schedule: Schedule, now: float) -> None:
    """Use before the renewal is due, wait in the mandatory window, else renew in background."""
    lifetime = schedule.lifetime
    assert lifetime is not None
    action = schedule.action(now, now)
    if now < schedule.due_at:
        assert action is Action.USE
    elif now < lifetime.mandatory_refresh_at:
        assert action is Action.RENEW_IN_BACKGROUND
    else:
        assert action is Action.WAIT


@pytest.mark.long
@SEARCH
@given(lifetimes, fractions)
def test_jitter_delays_a_renewal_by_a_tenth_of_the_window(
    lifetime: Lifetime, jitter: float
) -> None:
    """It is never due before the advisory window, and long before the mandatory one."""
    due_at = Schedule.of(lifetime, jitter).due_at
    window = lifetime.mandatory_refresh_at - lifetime.advisory_refresh_at
    assert lifetime.advisory_refresh_at <= due_at
    assert due_at <= lifetime.advisory_refresh_at + window / 10 + 1e-6


@pytest.mark.long
@SEARCH
@given(schedules, times, st.floats(1, 60), fractions, st.floats(0, 60))
def test_there_is_no_attempt_during_the_attempt_timeout(
    schedule: Schedule, now: float, timeout: float, jitter: float, later: float
) -> None:
    """Jitter shortens it by a tenth at most. It ends when the credentials expire."""
    assert schedule.lifetime is not None
    failed = schedule.after_failure(now, timeout, jitter)
    if not schedule.is_valid(now):
        assert failed == schedule
        return
    assert failed.attempt_after <= min(now + timeout, schedule.lifetime.expires_at)
    if later < timeout * 0.9 - 1e-6 and now + later < schedule.lifetime.expires_at:
        assert failed.action(now + later, now + later) is Action.USE
    after = max(failed.attempt_after, schedule.due_at)
    assert failed.action(after, after) is not Action.USE


@pytest.mark.long
@SEARCH
@given(schedules, times)
def test_a_caller_never_waits_until_its_credentials_have_expired(
    schedule: Schedule, now: float
) -> None:
    """Only if one of two clocks says that they have expired, it waits for a few seconds."""
    lifetime = schedule.lifetime
    assert lifetime is not None
    timeout = schedule.wait_timeout(now)
    if now < lifetime.expires_at:
        assert now + timeout <= lifetime.wait_until + 1e-6
    else:
        assert timeout == 5.0


@given(now=times, too_short=st.booleans())
def test_without_credentials_a_caller_waits(*, now: float, too_short: bool) -> None:
    """At every time, since nothing can be used."""
    assert Schedule().action(now, now, too_short=too_short) is Action.WAIT
    assert not Schedule().is_valid(now)


def test_credentials_that_are_too_short_are_renewed_at_once() -> None:
    """The first caller waits for it, for 10 seconds at most."""
    schedule = Schedule.of(Lifetime(0, HOUR), 0.0).due_now()
    assert schedule.action(1.0, 1.0, too_short=True) is Action.WAIT
    assert schedule.wait_timeout(1.0, too_short=True) == 10.0
    assert schedule.action(1.0, 1.0) is Action.RENEW_IN_BACKGROUND


def test_a_wall_clock_that_is_ahead_makes_a_renewal_due() -> None:
    """But credentials are valid by the server's time."""
    schedule = Schedule.of(Lifetime(0, HOUR), 0.0)
    assert schedule.action(1.0, 2 * HOUR) is Action.WAIT
    assert schedule.is_valid(1.0)


@pytest.mark.parametrize(
    ("length", "advisory", "mandatory", "last"),
    [
        (43200, 900, 60, 12),
        (3600, 900, 60, 12),
        (900, 225, 60, 12),
        (30, 7.5, 3, 0.6),
        (0, 900, 60, 12),
        (-5, 900, 60, 12),
    ],
)
def test_each_window_is_at_most_a_share_of_the_lifetime(
    length: float, advisory: float, mandatory: float, last: float
) -> None:
    """A quarter, a tenth, and a fiftieth."""
    lifetime = Lifetime(0.0, length)
    windows = [lifetime.advisory_refresh_at, lifetime.mandatory_refresh_at, lifetime.wait_until]
    assert [length - moment for moment in windows] == pytest.approx([advisory, mandatory, last])


@pytest.mark.long
@SEARCH
@given(st.floats(0, 4e9), st.floats(-1e6, 1e6))
def test_the_windows_are_in_order_for_any_lifetime(issued_at: float, length: float) -> None:
    """Also if the issue time is after the expiry."""
    lifetime = Lifetime(issued_at, issued_at + length)
    assert (
        lifetime.advisory_refresh_at
        <= lifetime.mandatory_refresh_at
        <= lifetime.wait_until
        <= lifetime.expires_at
    )
