"""Which authorization requests are valid, and where the browser is redirected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from emulator_clients import CALLBACK, CodeLogin, redirect_query

from sso_plugin.emulator.state.authorization_request import (
    UntrustedRequestError,
    is_same_redirect_uri,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]
    Browse = Callable[..., Any]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/oauth/callback"},
        {"redirect_uri": "http://127.0.0.1:1@evil.example/oauth/callback"},
        {"redirect_uri": "http://localhost:54321/oauth/callback"},
        {"redirect_uri": f"{CALLBACK}/more"},
    ],
)
def test_an_unknown_client_or_redirect_uri_gets_no_redirect(
    login: CodeLogin, browse: Browse, changes: dict[str, str | None]
) -> None:
    """The browser shows an error page instead."""
    url = login.url(**changes)
    page = browse("GET", url)

    assert page.status == 400
    assert "Location" not in page.headers
    assert 'role="alert"' in page.data.decode()
    for decide in (login.emulator.authorize, login.emulator.refuse):
        with pytest.raises(UntrustedRequestError):
            decide(url)


def test_a_second_redirect_uri_gets_no_redirect(login: CodeLogin, browse: Browse) -> None:
    """It is not clear which of them is meant."""
    assert browse("GET", f"{login.url()}&redirect_uri=x").status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scopes": "sso:account:access other"}, "invalid_scope"),
        ({"scopes": None, "scope": "other"}, "invalid_scope"),
    ],
)
def test_any_other_mistake_is_reported_to_the_client(
    login: CodeLogin, browse: Browse, changes: dict[str, str | None], error: str
) -> None:
    """Without asking the user, for approvals and denials."""
    url = login.url(**changes)
    redirect = browse("GET", url)
    location = redirect.headers["Location"]

    assert redirect.status == 302
    assert (redirect_query(location)["error"], redirect_query(location)["state"]) == (error, "abc")
    assert redirect_query(location)["error_description"]
    assert login.emulator.authorize(url) == login.emulator.refuse(url) == location


def test_a_repeated_parameter_is_an_error(login: CodeLogin, browse: Browse) -> None:
    """RFC 6749, section 3.1."""
    location = browse("GET", f"{login.url()}&state=other").headers["Location"]

    assert redirect_query(location)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "scopes",
    [
        {"scopes": None},
        {"scopes": None, "scope": "sso:account:access"},
        {"scopes": "sso:account:access,codewhisperer:completions"},
    ],
)
def test_scopes_can_have_both_parameter_names(
    sso_emulator: Emulator, ask: Ask, scopes: dict[str, str | None]
) -> None:
    """`scopes` as with AWS, `scope` as in OAuth, or none."""
    login = CodeLogin(sso_emulator, ask, scopes=["sso:account:access", "codewhisperer:completions"])

    assert "code" in redirect_query(sso_emulator.authorize(login.url(**scopes)))


def test_a_client_registered_for_other_grants_gets_no_code(
    sso_emulator: Emulator, ask: Ask
) -> None:
    """Neither from the page nor with a stolen code."""
    login = CodeLogin(sso_emulator, ask, grantTypes=["refresh_token"])

    location = sso_emulator.authorize(login.url())

    assert redirect_query(location)["error"] == "unauthorized_client"
    status, error = login.redeem(location, code="stolen")
    assert (status, error["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    "arguments",
    [{}, {"url": "https://oidc.eu-central-1.amazonaws.com/authorize?x=y"}, {"user": "bob"}],
)
def test_the_url_of_another_server_is_an_error(
    sso_emulator: Emulator, ask: Ask, arguments: dict[str, str]
) -> None:
    """A client that opens the page of another server fails the test."""
    assert ask("POST", "/_emulator/authorize", arguments)[0] == 400
    if "url" in arguments:
        with pytest.raises(ValueError, match="is not http"):
            sso_emulator.authorize(arguments["url"])


def test_a_redirect_keeps_the_query_of_the_redirect_uri(sso_emulator: Emulator, ask: Ask) -> None:
    """The parameters of the client are not lost."""
    login = CodeLogin(sso_emulator, ask, redirectUris=["http://127.0.0.1:1/back?kept=yes"])

    location = sso_emulator.authorize(
        login.url(redirect_uri="http://127.0.0.1:1/back?kept=yes", state=None)
    )

    assert parse_qs(urlsplit(location).query).keys() == {"kept", "code"}


@pytest.mark.parametrize(
    ("redirect_uri", "registered", "same"),
    [
        ("http://127.0.0.1:1/a", "http://127.0.0.1/a", True),
        ("http://127.0.0.1/a", "http://127.0.0.1/a", True),
        ("http://[::1]:1/a", "http://[::1]/a", True),
        ("http://127.0.0.1:/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/a?b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1/a#b", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:1\n/a", "http://127.0.0.1/a", False),
        ("https://127.0.0.1:1/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.2:1/a", "http://127.0.0.1/a", False),
        ("http://127.0.0.1:2/a", "http://127.0.0.1:1/a", False),
        ("http://localhost:1/a", "http://localhost/a", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_vary(
    redirect_uri: str, registered: str, *, same: bool
) -> None:
    """RFC 8252, section 7.3."""
    assert is_same_redirect_uri(redirect_uri, registered) is same
