"""Dates, the request log, unknown requests and bugs."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import list_accounts_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn


def test_an_unknown_request_fails_the_check(
    control: Callable[..., Any],
    ask: Callable[..., tuple[int, str]],
    sso_emulator: Emulator,
) -> None:
    """A client that needs more than the emulator has fails its test."""
    status, _ = ask("GET", "/no/such/thing")
    assert status == 404
    assert ask("DELETE", "/token")[0] == 404

    with pytest.raises(AssertionError, match="Unknown request: GET /no/such/thing"):
        sso_emulator.check()

    assert len(control("GET", "failures")[1]["failures"]) == 2
    assert sso_emulator.requests.count("Unknown") == 2
    sso_emulator.reset()


def test_a_bug_of_the_emulator_fails_the_check(
    ask: Callable[..., tuple[int, str]], sso_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets status 500, the test gets the traceback."""
    monkeypatch.setattr(sso_emulator.state, "clients", None)

    assert ask("POST", "/client/register", {"clientName": "x", "clientType": "public"})[0] == 500

    with pytest.raises(AssertionError, match="RegisterClient failed:\nTraceback"):
        sso_emulator.check()

    sso_emulator.reset()


def test_requests_with_faults_are_logged_with_their_status(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """They count like any other request."""
    sso_emulator.faults.add(status=500, times=1)
    list_accounts_status(sso, alice.access_token)

    assert [each.status for each in sso_emulator.requests] == [500]


def test_the_date_header_can_be_wrong(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """Only the header changes. Expiry still uses the clock."""
    sso_emulator.settings.date_offset = -7200

    response = sso.get_role_credentials(
        accessToken=alice.access_token, accountId="1" * 12, roleName="ReadOnlyAccess"
    )

    now = sso_emulator.clock.now()
    date = response["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert parsedate_to_datetime(date).timestamp() == pytest.approx(now - 7200, abs=5)
    assert response["roleCredentials"]["expiration"] / 1000 == pytest.approx(now + 3600, abs=5)


def test_the_date_header_is_the_time_of_the_emulator(sso: Any, sso_emulator: Emulator) -> None:
    """Clients learn the time of the server from it."""
    sso_emulator.clock.advance(86400)

    response = sso.list_accounts(accessToken=sso_emulator.sign_in().access_token)

    date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert date.timestamp() == pytest.approx(sso_emulator.clock.now(), abs=5)
