"""The page /authorize, as a browser uses it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from emulator_clients import CALLBACK, CodeLogin, redirect_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]
    Browse = Callable[..., Any]


def submit(browse: Browse, login: CodeLogin, decision: str, user: str = "alice") -> Any:
    """Open the page, and submit its form."""
    page = browse("GET", login.url()).data.decode()
    fields = {**fields_of(page), "user": user, "decision": decision}
    return browse(
        "POST",
        f"{login.emulator.url}/authorize",
        body=urlencode(fields),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": login.emulator.url,
        },
    )


def fields_of(page: str) -> dict[str, str]:
    """Return the hidden fields of the form on a page."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in hidden}


def test_approval_redirects_the_browser_with_a_code(
    login: CodeLogin, browse: Browse, sso: Any
) -> None:
    """The code gives a token of the chosen user, with a refresh token."""
    redirect = submit(browse, login, "approve", "bob")
    location = redirect.headers["Location"]

    assert redirect.status == 302
    assert location.startswith(f"{CALLBACK}?")
    assert redirect_query(location).keys() == {"code", "state"}
    assert redirect_query(location)["state"] == "abc"

    status, token = login.redeem(location)

    assert (status, token["tokenType"], token["expiresIn"]) == (200, "Bearer", 8 * 3600)
    assert token["refreshToken"]
    assert len(sso.list_accounts(accessToken=token["accessToken"])["accountList"]) == 2


def test_denial_redirects_the_browser_with_an_error(login: CodeLogin, browse: Browse) -> None:
    """The client learns that the user denied the request."""
    redirect = submit(browse, login, "deny")

    assert redirect.status == 302
    assert redirect_query(redirect.headers["Location"]) == {
        "error": "access_denied",
        "error_description": "The request was denied",
        "state": "abc",
    }


def test_the_page_shows_the_client_and_the_scopes(login: CodeLogin, browse: Browse) -> None:
    """It also has every user, a label and two buttons."""
    page = browse("GET", login.url())
    text = page.data.decode()

    assert page.status == 200
    assert "<strong>test &amp; co</strong> on this machine asks" in text
    assert "sso:account:access" in text
    assert "http://127.0.0.1:54321</p>" in text
    assert '<label for="user">' in text
    assert "<option>alice</option><option>bob</option>" in text
    assert text.count("<button") == 2


def test_the_form_may_redirect_to_the_client(login: CodeLogin, browse: Browse) -> None:
    """Browsers apply the policy of the page to the redirect after its form."""
    policy = browse("GET", login.url()).headers["Content-Security-Policy"]

    assert policy.endswith("form-action 'self' http://127.0.0.1:54321")


def test_the_page_can_be_reloaded_and_left_open(login: CodeLogin, browse: Browse) -> None:
    """Showing it changes nothing, and each approval gives a new code."""
    locations = [submit(browse, login, "approve").headers["Location"] for _ in range(2)]

    assert [login.redeem(each)[0] for each in locations] == [200, 200]


def test_the_page_escapes_all_values(sso_emulator: Emulator, ask: Ask, browse: Browse) -> None:
    """Neither a client name nor a parameter can add markup."""
    evil = '"><script>'
    login = CodeLogin(sso_emulator, ask, clientName=evil)
    page = (
        browse("GET", login.url(state=evil)).data.decode()
        + browse("GET", f"{login.url()}&{evil}").data.decode()
    )

    assert page.count("Approve a sign-in</h1>") == 2
    assert "<script>" not in page


def test_an_unknown_user_is_rejected(login: CodeLogin, browse: Browse) -> None:
    """Only a forged form has one."""
    page = submit(browse, login, "approve", "mallory")

    assert page.status == 400
    assert "There is no user" in page.data.decode()
    assert fields_of(page.data.decode())


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]
)
def test_other_sites_cannot_approve(login: CodeLogin, ask: Ask, headers: dict[str, str]) -> None:
    """A form from another origin, or for another host name, is rejected."""
    form = urlencode({"request": urlsplit(login.url()).query, "decision": "approve"})

    assert ask("POST", "/authorize", form=form, headers=headers)[0] == 403


def test_an_expired_registration_is_rejected(login: CodeLogin, browse: Browse) -> None:
    """The client has to register again."""
    login.emulator.clock.advance(90 * 86400)

    assert browse("GET", login.url()).status == 400
