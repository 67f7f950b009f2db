"""When faults strike: by chance, by the clock, by a schedule; and what haste and lies do."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sso_plugin.emulator import Emulator, Fault
from sso_plugin.emulator.state.clock import Clock
from sso_plugin.emulator.state.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import SignIn

    Ask = Callable[..., tuple[int, str]]


ONCE = Config(retries={"total_max_attempts": 1})


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def faults(time: Time) -> Faults:
    return Faults(time)


def statuses(faults: Faults, count: int) -> list[int | None]:
    struck = [faults.strike("ListAccounts") for _ in range(count)]
    return [each.status if each else None for each in struck]


def test_a_rate_strikes_some_requests_and_always_the_same(time: Time) -> None:
    """The seed decides which; about as many as asked for."""
    runs = []
    for seed in (1, 1, 2):
        faults = Faults(time)
        faults.add(status=500, rate=0.3, seed=seed)
        runs.append(statuses(faults, 1000))

    assert runs[0] == runs[1] != runs[2]
    assert 250 < runs[0].count(500) < 350


def test_chance_is_not_disturbed_by_other_operations(time: Time) -> None:
    """Each fault throws dice of its own, and only for what concerns it."""
    alone, among_others = Faults(time), Faults(time)
    for each in (alone, among_others):
        each.add("ListAccounts", status=500, rate=0.5)

    among_others.add("CreateToken", status=503, rate=0.5)
    seen = []
    for _ in range(100):
        among_others.strike("CreateToken")
        seen += statuses(among_others, 1)

    assert seen == statuses(alone, 100)


def test_what_chance_spares_may_befall_the_next_fault(faults: Faults) -> None:
    """Rates are thrown one after the other."""
    faults.add(status=500, rate=0.5)
    faults.add(status=503)

    assert set(statuses(faults, 100)) == {500, 503}


def test_a_fault_has_its_hours(faults: Faults, time: Time) -> None:
    """Seconds from when it was added; then it is gone."""
    faults.add(status=500, after=10, until=20)
    seen = []
    for time.now in (1000, 1009, 1010, 1019, 1020):
        seen += statuses(faults, 1)

    assert seen == [None, None, 500, 500, None]
    assert faults.pending() == ()


def test_a_fault_that_waits_for_its_hour_is_not_used_up(faults: Faults, time: Time) -> None:
    """It counts only what it strikes."""
    faults.add(status=500, after=10, times=2)

    assert statuses(faults, 3) == [None] * 3
    time.now += 10
    assert statuses(faults, 3) == [500, 500, None]


def test_a_schedule_is_a_list(faults: Faults, time: Time) -> None:
    """Start, end, and a fault or its members."""
    faults.schedule(
        [(0, 10, {"status": 500}), (5, 15, Fault(status=503)), (20, 30, {"kind": "hang"})]
    )
    seen = []
    for time.now in (1000, 1009, 1010, 1014, 1015):
        seen += statuses(faults, 1)

    assert seen == [500, 500, 503, 503, None]
    assert [(each.kind, each.after, each.until) for each in faults.pending()] == [("hang", 20, 30)]


def test_a_schedule_with_a_mistake_plans_nothing(faults: Faults) -> None:
    """All or none."""
    with pytest.raises(ValueError, match="later"):
        faults.schedule([(0, 10, {"status": 500}), (10, 10, {"status": 500})])

    assert faults.pending() == ()


def test_a_schedule_is_set_by_another_process(ask: Ask, sso_emulator: Emulator) -> None:
    """And follows the emulator's clock."""
    schedule = [[0, 60, {"operation": "DevicePage", "status": 503}], [60, 120, {"kind": "page"}]]

    status, text = ask("POST", "/_emulator/schedule", {"schedule": schedule})

    assert status == 200
    assert [each["until"] for each in json.loads(text)["faults"]] == [60, 120]
    assert ask("GET", "/device")[0] == 503
    sso_emulator.clock.advance(60)
    assert "sign in to the network" in ask("GET", "/device")[1]
    sso_emulator.clock.advance(60)
    assert "Approve" in ask("GET", "/device")[1]


def test_a_fault_may_say_when_to_come_back(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """In the header that HTTP has for it."""
    sso_emulator.faults.add(status=429, retry_after=2.5)

    with pytest.raises(sso.exceptions.TooManyRequestsException) as caught:
        sso.list_accounts(accessToken=alice.access_token)

    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2.5"


@pytest.fixture
def slow(time: Time) -> Any:
    """Run an emulator whose time stands still until a test moves it."""
    with Emulator(clock=Clock(time)) as emulator:
        emulator.settings.requests_per_second = 5
        yield emulator


def portal(session: Any, emulator: Emulator) -> Any:
    return session.create_client(
        "sso", region_name=emulator.region, endpoint_url=emulator.url, config=ONCE
    )


def answers(client: Any, token: str, count: int) -> list[int]:
    """Return the statuses of so many requests."""
    seen = []
    for _ in range(count):
        try:
            answer = client.list_accounts(accessToken=token)
        except ClientError as error:
            answer = error.response

        seen.append(answer["ResponseMetadata"]["HTTPStatusCode"])

    return seen


def test_who_asks_too_fast_is_told_so(stock_session: Any, slow: Emulator, time: Time) -> None:
    """A second's requests at once, then as many as time allows."""
    client, token = portal(stock_session, slow), slow.sign_in("alice").access_token

    assert answers(client, token, 7) == [200] * 5 + [429] * 2
    time.now += 0.5
    assert answers(client, token, 3) == [200, 200, 429]
    time.now += 60
    assert answers(client, token, 6) == [200] * 5 + [429]


def test_each_user_has_a_budget(stock_session: Any, slow: Emulator) -> None:
    """However many tokens they hold."""
    client = portal(stock_session, slow)
    alice = [slow.sign_in("alice").access_token for _ in range(2)]

    assert answers(client, alice[0], 5) == [200] * 5
    assert answers(client, alice[1], 1) == [429]
    assert answers(client, slow.sign_in("bob").access_token, 1) == [200]


def test_moving_the_clock_fills_no_budget(stock_session: Any, slow: Emulator) -> None:
    """It belongs to the machine's time."""
    client, token = portal(stock_session, slow), slow.sign_in("alice").access_token
    answers(client, token, 5)

    slow.clock.advance(60)

    assert answers(client, token, 1) == [429]


def test_a_refusal_for_haste_may_say_when_to_come_back(stock_session: Any, slow: Emulator) -> None:
    """If the settings say so."""
    client, token = portal(stock_session, slow), slow.sign_in("alice").access_token
    answers(client, token, 5)
    headers = []
    for slow.settings.retry_after in (None, 3):
        with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
            client.list_accounts(accessToken=token)

        headers.append(caught.value.response["ResponseMetadata"]["HTTPHeaders"].get("retry-after"))

    assert headers == [None, "3"]


def test_the_date_can_lie(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """In the header only; what expires still does so by the clock."""
    sso_emulator.settings.date_offset = -7200

    answer = sso.get_role_credentials(
        accessToken=alice.access_token, accountId="1" * 12, roleName="ReadOnlyAccess"
    )

    now = sso_emulator.clock.now()
    date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert parsedate_to_datetime(date).timestamp() == pytest.approx(now - 7200, abs=5)
    assert answer["roleCredentials"]["expiration"] / 1000 == pytest.approx(now + 3600, abs=5)
