"""The request log over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import SignIn


def test_requests_can_be_read_counted_and_cleared(
    control: Callable[..., Any], sso: Any, alice: SignIn
) -> None:
    """Control requests are not counted, and the log has no secret."""
    sso.list_accounts(accessToken=alice.access_token)

    _, log = control("GET", "requests")
    assert [each["operation"] for each in log["requests"]] == ["ListAccounts"]
    assert alice.access_token not in json.dumps(log)
    assert control("GET", "count?operation=ListAccounts") == (200, {"count": 1})
    assert control("GET", "count?operation=CreateToken") == (200, {"count": 0})
    assert control("GET", "count?operation=ListAccounts&status=200") == (200, {"count": 1})
    assert control("GET", "count?status=500") == (200, {"count": 0})
    assert control("GET", "count?stauts=500")[0] == 400

    control("DELETE", "requests")
    assert control("GET", "count") == (200, {"count": 0})
