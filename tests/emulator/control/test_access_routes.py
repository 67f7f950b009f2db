"""Approvals, sign-ins and assignments over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator_clients import CodeLogin

    from sso_plugin.emulator import Emulator, SignIn

    Ask = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12


def test_a_test_can_approve_and_deny_without_a_browser(
    login: CodeLogin, ask: Ask, sso_emulator: Emulator
) -> None:
    """From Python or over HTTP, as any user."""
    status, text = ask("POST", "/_emulator/authorize", {"url": login.url(), "user": "bob"})
    token = login.redeem(json.loads(text)["location"])[1]["accessToken"]
    found = sso_emulator.state.tokens.find(token)
    assert status == 200
    assert found
    assert found.user == "bob"

    location = json.loads(ask("POST", "/_emulator/refuse", {"url": login.url()})[1])["location"]
    assert location == sso_emulator.refuse(login.url())


def test_a_sign_in_has_the_format_of_the_aws_cli_cache(
    control: Callable[..., Any], sso: Any
) -> None:
    """The response can be written to the cache as it is."""
    _, response = control("POST", "sign_in", user="bob")

    assert {"startUrl", "region", "expiresAt", "clientSecret", "refreshToken"} < response.keys()
    assert len(sso.list_accounts(accessToken=response["accessToken"])["accountList"]) == 2


def test_user_codes_can_be_listed_approved_and_denied(
    control: Callable[..., Any], oidc: Any, sso_emulator: Emulator
) -> None:
    """Oldest first. A code can be used once."""
    client = oidc.register_client(clientName="test", clientType="public")
    identity = {key: client[key] for key in ("clientId", "clientSecret")}
    codes = [
        oidc.start_device_authorization(**identity, startUrl=sso_emulator.start_url)["userCode"]
        for _ in range(2)
    ]
    assert control("GET", "pending") == (200, {"pending": codes})

    assert control("POST", "approve", user_code=codes[0], user="bob") == (200, {})
    assert control("POST", "deny", user_code=codes[1]) == (200, {})

    assert control("GET", "pending") == (200, {"pending": []})
    assert control("POST", "deny", user_code=codes[1])[0] == 400


def test_assignments_and_sign_ins_can_be_removed(
    control: Callable[..., Any], alice: SignIn, sso_emulator: Emulator
) -> None:
    """As from Python."""
    arguments = {"user": "bob", "account_id": PRODUCTION, "role": "Auditor"}
    assert control("POST", "assign", **arguments) == (200, {})
    assert sso_emulator.state.assignments.roles("bob", PRODUCTION) == ["Auditor"]
    assert control("POST", "unassign", **arguments) == (200, {})
    assert sso_emulator.state.assignments.roles("bob", PRODUCTION) == []

    assert control("POST", "revoke", access_token=alice.access_token) == (200, {})
    assert control("POST", "revoke", access_token=alice.access_token)[0] == 400
    assert control("POST", "revoke", user="bob") == (200, {})
