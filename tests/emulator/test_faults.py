"""Faults on demand, as stock clients meet them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sso_plugin.emulator.state.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn


def status_of(sso: Any, sign_in: SignIn) -> int:
    try:
        answer = sso.list_accounts(accessToken=sign_in.access_token)
    except ClientError as error:
        answer = error.response

    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_a_fault_strikes_as_often_as_told(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """Then the next one has its turn, then all is well."""
    sso_emulator.faults.add(operation="ListAccounts", status=503, times=2)
    sso_emulator.faults.add(operation="ListAccounts", status=429, times=1)

    assert [status_of(sso, alice) for _ in range(4)] == [503, 503, 429, 200]


def test_a_fault_looks_like_the_modelled_error(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """So that a client catches what it would catch from the service."""
    sso_emulator.faults.add(status=429)

    with pytest.raises(sso.exceptions.TooManyRequestsException):
        sso.list_accounts(accessToken=alice.access_token)


def test_the_code_of_a_fault_can_be_chosen(oidc: Any, sso_emulator: Emulator) -> None:
    """Any error of the service can be had."""
    sso_emulator.faults.add(operation="RegisterClient", status=400, code="SlowDownException")

    with pytest.raises(oidc.exceptions.SlowDownException):
        oidc.register_client(clientName="test", clientType="public")


def test_a_fault_spares_other_operations(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """It waits for its own."""
    sso_emulator.faults.add(operation="GetRoleCredentials", status=500)

    assert status_of(sso, alice) == 200


def test_faulty_requests_are_logged_with_their_status(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """They came, after all."""
    sso_emulator.faults.add(status=500, times=1)
    status_of(sso, alice)

    assert [each.status for each in sso_emulator.requests] == [500]


def test_latency_holds_up_one_operation_only(
    sso: Any, alice: SignIn, sso_emulator: Emulator, ask: Callable[..., tuple[int, str]]
) -> None:
    """While one request waits others are served, and clearing the faults lets it go."""
    sso_emulator.faults.add(operation="ListAccounts", latency=60, times=1)
    slow = threading.Thread(target=status_of, args=(sso, alice))
    slow.start()
    while sso_emulator.faults.pending():
        time.sleep(0.001)

    assert ask("GET", "/device")[0] == 200
    assert sso_emulator.requests.count("ListAccounts") == 0

    sso_emulator.faults.clear()
    slow.join(timeout=10)

    assert not slow.is_alive()
    assert sso_emulator.requests.count("ListAccounts") == 1


def test_a_late_answer_is_the_real_one(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """Latency alone changes nothing but the time."""
    sso_emulator.faults.add(latency=0.05)
    started = time.monotonic()

    assert status_of(sso, alice) == 200
    assert time.monotonic() - started >= 0.05


def test_faults_can_be_set_and_cleared_over_http(
    sso: Any, alice: SignIn, ask: Callable[..., tuple[int, str]]
) -> None:
    """With the names that Python uses."""
    fault = {"operation": "ListAccounts", "status": 500, "times": 5}
    assert ask("POST", "/_emulator/faults", fault)[0] == 200
    assert status_of(sso, alice) == 500
    assert '"times": 4' in ask("GET", "/_emulator/faults")[1]

    ask("DELETE", "/_emulator/faults")

    assert status_of(sso, alice) == 200


def test_faults_are_used_up_in_the_order_they_were_added() -> None:
    """Whatever they are for."""
    faults = Faults()
    faults.add("Logout", status=500, times=1)
    faults.add(status=501, times=1)

    struck = [faults.strike(name) for name in ("CreateToken", "Logout", "Logout")]

    assert [each.status if each else None for each in struck] == [501, 500, None]


def test_a_fault_with_a_misspelt_operation_is_refused() -> None:
    """It would never strike."""
    with pytest.raises(ValueError, match="no operation 'CreateTokens'"):
        Fault("CreateTokens")
