"""Which request meets which fault, and when."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from emulator_clients import (
    GET_DEVICE_PAGE,
    MovableTime,
    connected,
    list_accounts_status,
    wait_until,
)

from sso_plugin.emulator import Emulator, Fault
from sso_plugin.emulator.state.fault_queue import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from sso_plugin.emulator import SignIn


@pytest.fixture
def faults(machine_time: MovableTime) -> Faults:
    return Faults(machine_time)


def statuses(faults: Faults, count: int) -> list[int | None]:
    applied = [faults.apply_next("ListAccounts") for _ in range(count)]
    return [each.status if each else None for each in applied]


def test_a_fault_applies_as_often_as_its_times(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Then the next fault applies, then none."""
    sso_emulator.faults.add(operation="ListAccounts", status=503, times=2)
    sso_emulator.faults.add(operation="ListAccounts", status=429, times=1)

    assert [list_accounts_status(sso, alice.access_token) for _ in range(4)] == [503, 503, 429, 200]


def test_a_fault_does_not_affect_other_operations(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """It waits for its own operation."""
    sso_emulator.faults.add(operation="GetRoleCredentials", status=500)

    assert list_accounts_status(sso, alice.access_token) == 200


def test_latency_delays_one_operation_only(
    sso: Any, alice: SignIn, sso_emulator: Emulator, ask: Callable[..., tuple[int, str]]
) -> None:
    """Other requests are served meanwhile. Clearing the faults ends the delay."""
    sso_emulator.faults.add(operation="ListAccounts", latency=60, times=1)
    slow = threading.Thread(target=list_accounts_status, args=(sso, alice.access_token))
    slow.start()
    wait_until(lambda: not sso_emulator.faults.pending())

    assert ask("GET", "/device")[0] == 200
    assert sso_emulator.requests.count("ListAccounts") == 0

    sso_emulator.faults.clear()
    slow.join(timeout=60)

    assert not slow.is_alive()
    assert sso_emulator.requests.count("ListAccounts") == 1


def test_faults_apply_in_the_order_they_were_added() -> None:
    """For one operation and for all."""
    faults = Faults()
    faults.add("Logout", status=500, times=1)
    faults.add(status=501, times=1)

    applied = [faults.apply_next(name) for name in ("CreateToken", "Logout", "Logout")]

    assert [each.status if each else None for each in applied] == [501, 500, None]


def test_a_rate_affects_the_same_requests_for_the_same_seed(machine_time: MovableTime) -> None:
    """About as many as the rate says."""
    runs = []
    for seed in (1, 1, 2):
        faults = Faults(machine_time)
        faults.add(status=500, rate=0.3, seed=seed)
        runs.append(statuses(faults, 1000))

    assert runs[0] == runs[1] != runs[2]
    assert 250 < runs[0].count(500) < 350


def test_a_rate_does_not_depend_on_other_operations(machine_time: MovableTime) -> None:
    """Each fault has its own random numbers."""
    alone, among_others = Faults(machine_time), Faults(machine_time)
    for each in (alone, among_others):
        each.add("ListAccounts", status=500, rate=0.5)

    among_others.add("CreateToken", status=503, rate=0.5)
    seen = []
    for _ in range(100):
        among_others.apply_next("CreateToken")
        seen += statuses(among_others, 1)

    assert seen == statuses(alone, 100)


def test_a_request_that_a_rate_skips_meets_the_next_fault(faults: Faults) -> None:
    """Rates are applied one after the other."""
    faults.add(status=500, rate=0.5)
    faults.add(status=503)

    assert set(statuses(faults, 100)) == {500, 503}


def test_a_fault_has_a_start_and_an_end(faults: Faults, machine_time: MovableTime) -> None:
    """In seconds from when it was added. Then it is removed."""
    faults.add(status=500, after=10, until=20)
    seen = []
    for machine_time.now in (1000, 1009, 1010, 1019, 1020):
        seen += statuses(faults, 1)

    assert seen == [None, None, 500, 500, None]
    assert faults.pending() == ()


def test_a_fault_is_not_used_up_before_its_start(faults: Faults, machine_time: MovableTime) -> None:
    """`times` counts only the requests that it affects."""
    faults.add(status=500, after=10, times=2)

    assert statuses(faults, 3) == [None] * 3
    machine_time.now += 10
    assert statuses(faults, 3) == [500, 500, None]


def test_a_schedule_has_starts_ends_and_faults(faults: Faults, machine_time: MovableTime) -> None:
    """A fault can be a `Fault` or a dict of its arguments."""
    faults.schedule(
        [(0, 10, {"status": 500}), (5, 15, Fault(status=503)), (20, 30, {"kind": "hang"})]
    )
    seen = []
    for machine_time.now in (1000, 1009, 1010, 1014, 1015):
        seen += statuses(faults, 1)

    assert seen == [500, 500, 503, 503, None]
    assert [(each.kind, each.after, each.until) for each in faults.pending()] == [("hang", 20, 30)]


def test_a_schedule_with_an_invalid_fault_adds_none(faults: Faults) -> None:
    """All or none."""
    with pytest.raises(ValueError, match="later"):
        faults.schedule([(0, 10, {"status": 500}), (10, 10, {"status": 500})])

    assert faults.pending() == ()


def test_a_hanging_request_continues_when_the_faults_are_cleared(
    sso_emulator: Emulator,
) -> None:
    """Other requests are served meanwhile."""
    sso_emulator.faults.add(kind="hang", times=1)
    with connected(sso_emulator) as hanging, connected(sso_emulator) as other:
        hanging.sendall(GET_DEVICE_PAGE)
        wait_until(lambda: not sso_emulator.faults.pending())

        other.sendall(GET_DEVICE_PAGE)
        assert other.recv(15) == b"HTTP/1.1 200 OK"
        assert sso_emulator.requests.count() == 1

        sso_emulator.faults.clear()
        assert hanging.recv(15) == b"HTTP/1.1 200 OK"


def test_a_hanging_request_ends_when_its_client_disconnects(
    stock_session: Session, alice: SignIn, sso_emulator: Emulator
) -> None:
    """It is not handled later."""
    sso_emulator.faults.add(kind="hang", times=1)
    client: Any = stock_session.create_client(
        "sso",
        region_name=sso_emulator.region,
        endpoint_url=sso_emulator.url,
        config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}),
    )

    with pytest.raises(ReadTimeoutError):
        client.list_accounts(accessToken=alice.access_token)

    wait_until(lambda: sso_emulator.requests.count("ListAccounts"))

    assert [each.status for each in sso_emulator.requests] == [0]


def test_a_hang_ends_at_its_end(sso_emulator: Emulator) -> None:
    """A client that still waits gets its response."""
    sso_emulator.faults.add(kind="hang", until=60)
    with connected(sso_emulator) as client:
        client.sendall(GET_DEVICE_PAGE)
        sso_emulator.clock.advance(60)

        assert client.recv(15) == b"HTTP/1.1 200 OK"
