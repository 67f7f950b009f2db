"""Request bodies that are not valid JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import urllib3

from sso_plugin.emulator.http.json_bodies import oauth_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator


@pytest.mark.parametrize(
    "path", ["/token", "/client/register", "/device_authorization", "/_emulator/approve"]
)
def test_a_body_that_is_nested_too_deeply_is_rejected(sso_emulator: Emulator, path: str) -> None:
    """With status 400, like other invalid JSON."""
    body = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    with urllib3.PoolManager() as http:
        response = http.request("POST", sso_emulator.url + path, body=body, retries=False)
    assert response.status == 400
    sso_emulator.check()


@pytest.mark.parametrize("body", ["[]", "{", '{"clientId": 1}', '{"clientId": ["x"]}', "\xff"])
def test_an_invalid_body_is_rejected(ask: Callable[..., tuple[int, str]], body: str) -> None:
    """Invalid JSON gets the OAuth error."""
    status, text = ask("POST", "/token", form=body)

    assert (status, '"error": "invalid_request"' in text) == (400, True)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("SlowDownException", "slow_down"),
        ("InvalidGrantException", "invalid_grant"),
        ("AuthorizationPendingException", "authorization_pending"),
    ],
)
def test_an_error_code_has_an_oauth_name(code: str, name: str) -> None:
    """In lower case, without Exception."""
    assert oauth_error(code) == name
