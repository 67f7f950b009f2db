"""The federation endpoint: a browser signs in to the console with role credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Federate = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12
CONSOLE = {"Issuer": "test", "Destination": "https://console.aws.amazon.com/"}


@pytest.fixture(params=["GET", "POST"])
def federate(request: pytest.FixtureRequest, ask: Callable[..., tuple[int, str]]) -> Federate:
    """Return a function that sends parameters in the query or in a form."""

    def send(**fields: Any) -> tuple[int, str]:
        text = urlencode({name: value for name, value in fields.items() if value is not None})
        if request.param == "GET":
            return ask("GET", f"/federation?{text}")

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask("POST", "/federation", form=text, headers=headers)

    return send


@pytest.fixture
def session(role_credentials: dict[str, Any]) -> dict[str, str]:
    """Return role credentials with the names of the endpoint."""
    return {
        "sessionId": role_credentials["accessKeyId"],
        "sessionKey": role_credentials["secretAccessKey"],
        "sessionToken": role_credentials["sessionToken"],
    }


def token_for(federate: Federate, session: object, **more: Any) -> tuple[int, str]:
    return federate(Action="getSigninToken", Session=json.dumps(session), **more)


def test_role_credentials_open_the_console(
    federate: Federate, session: dict[str, str], sso_emulator: Emulator
) -> None:
    """The page has the role and a link to the destination."""
    status, text = token_for(federate, session, SessionDuration="3600", SessionType="json")
    token = json.loads(text)["SigninToken"]
    assert status == 200

    status, page = federate(Action="login", SigninToken=token, **CONSOLE)

    assert status == 200
    assert "Signed in as <strong>AWSReservedSSO_AdministratorAccess_" in page
    assert f"in <strong>{PRODUCTION}</strong>" in page
    assert 'href="https://console.aws.amazon.com/"' in page
    operations = [each.operation for each in sso_emulator.requests]
    assert operations == ["GetRoleCredentials", "GetSigninToken", "ConsoleLogin"]


@pytest.mark.parametrize("name", ["sessionId", "sessionKey", "sessionToken"])
def test_invalid_credentials_are_rejected(
    federate: Federate, session: dict[str, str], name: str
) -> None:
    """All three values must be those that were issued."""
    status, page = token_for(federate, {**session, name: "wrong é"})

    assert (status, "not valid" in page) == (400, True)


def test_expired_credentials_are_rejected(
    federate: Federate, session: dict[str, str], sso_emulator: Emulator
) -> None:
    """By the lifetime of the role credentials."""
    sso_emulator.clock.advance(3600)

    status, page = token_for(federate, session)

    assert (status, "have expired" in page) == (400, True)


def test_a_sign_in_token_expires(
    federate: Federate, session: dict[str, str], sso_emulator: Emulator
) -> None:
    """After 15 minutes."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]
    sso_emulator.clock.advance(900)

    status, page = federate(Action="login", SigninToken=token, **CONSOLE)

    assert (status, "has expired" in page) == (400, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"SigninToken": "unknown"},
        {"SigninToken": None},
        {"Issuer": None},
        {"Destination": None},
        {"Destination": "javascript:alert(1)"},
    ],
)
def test_a_login_needs_all_its_parameters(
    federate: Federate, session: dict[str, str], changes: dict[str, str | None]
) -> None:
    """An error page is shown otherwise."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]

    status, page = federate(Action="login", **{"SigninToken": token, **CONSOLE, **changes})

    assert (status, 'role="alert"' in page) == (400, True)


@pytest.mark.parametrize("session", ["[]", "{", "{}", '{"sessionId": 1}', ""])
def test_an_invalid_session_is_rejected(federate: Federate, session: str) -> None:
    """It must be a JSON object with three strings."""
    assert federate(Action="getSigninToken", Session=session)[0] == 400


@pytest.mark.parametrize("duration", ["899", "43201", "long"])
def test_a_session_lasts_15_minutes_to_12_hours(
    federate: Federate, session: dict[str, str], duration: str
) -> None:
    """The limits of AWS."""
    assert token_for(federate, session, SessionDuration=duration)[0] == 400


def test_the_page_escapes_the_destination(federate: Federate, session: dict[str, str]) -> None:
    """Any site can link to the page with its own destination."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]
    evil = 'https://x.example/"><script>'

    page = federate(Action="login", SigninToken=token, Issuer="x", Destination=evil)[1]

    assert "<script>" not in page


def test_another_action_is_unknown(federate: Federate, sso_emulator: Emulator) -> None:
    """It fails the test that requests it."""
    assert federate(Action="logout")[0] == 400

    assert sso_emulator.requests.count("Unknown") == 1
    sso_emulator.reset()


def test_a_logout_goes_on_to_a_page_of_this_server(
    ask: Callable[..., tuple[int, str]], sso_emulator: Emulator
) -> None:
    """To no other: the parameter is in a link that anyone can make."""
    target = quote(f"{sso_emulator.url}/?x=1", safe="")
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{sso_emulator.url}/oauth?Action=logout&redirect_uri={target}x", timeout=60)
    caught.value.close()
    assert caught.value.url == f"{sso_emulator.url}/?x=1x"
    for other in ("https://evil.example/", f"{sso_emulator.url}.evil.example/", ""):
        assert ask("GET", f"/oauth?Action=logout&redirect_uri={quote(other, safe='')}")[0] == 400
    assert ask("GET", "/oauth?Action=other")[0] == 400
    assert sso_emulator.requests.count("ConsoleLogout") == 4
    sso_emulator.reset()
