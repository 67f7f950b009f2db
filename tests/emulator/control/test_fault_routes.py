"""Faults over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator_clients import list_accounts_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

    Ask = Callable[..., tuple[int, str]]


def test_faults_can_be_added_and_cleared_over_http(
    sso: Any, alice: SignIn, ask: Callable[..., tuple[int, str]]
) -> None:
    """The arguments have the names of `Fault`."""
    fault = {"operation": "ListAccounts", "status": 500, "times": 5}
    assert ask("POST", "/_emulator/faults", fault)[0] == 200
    assert list_accounts_status(sso, alice.access_token) == 500
    assert '"times": 4' in ask("GET", "/_emulator/faults")[1]

    ask("DELETE", "/_emulator/faults")

    assert list_accounts_status(sso, alice.access_token) == 200


def test_a_schedule_can_be_set_over_http(ask: Ask, sso_emulator: Emulator) -> None:
    """It follows the clock of the emulator."""
    schedule = [[0, 60, {"operation": "DevicePage", "status": 503}], [60, 120, {"kind": "page"}]]

    status, text = ask("POST", "/_emulator/schedule", {"schedule": schedule})

    assert status == 200
    assert [each["until"] for each in json.loads(text)["faults"]] == [60, 120]
    assert ask("GET", "/device")[0] == 503
    sso_emulator.clock.advance(60)
    assert "sign in to the network" in ask("GET", "/device")[1]
    sso_emulator.clock.advance(60)
    assert "Approve" in ask("GET", "/device")[1]
