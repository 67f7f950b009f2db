"""The federation endpoint: from role credentials to a browser in the console."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Federate = Callable[..., tuple[int, str]]

PRODUCTION = "1" * 12
CONSOLE = {"Issuer": "test", "Destination": "https://console.aws.amazon.com/"}


@pytest.fixture(params=["GET", "POST"])
def federate(request: pytest.FixtureRequest, ask: Callable[..., tuple[int, str]]) -> Federate:
    """Ask the endpoint, with the parameters in the address or in a form."""

    def send(**fields: Any) -> tuple[int, str]:
        text = urlencode({name: value for name, value in fields.items() if value is not None})
        if request.param == "GET":
            return ask("GET", f"/federation?{text}")

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask("POST", "/federation", form=text, headers=headers)

    return send


@pytest.fixture
def session(role_credentials: dict[str, Any]) -> dict[str, str]:
    """Name the values as the endpoint does."""
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
    """As the role they are for, with the way on to where the person wanted to go."""
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
def test_made_up_credentials_open_nothing(
    federate: Federate, session: dict[str, str], name: str
) -> None:
    """All three values must be those that were given out."""
    status, page = token_for(federate, {**session, name: "made up é"})

    assert (status, "not valid" in page) == (400, True)


def test_expired_credentials_open_nothing(
    federate: Federate, session: dict[str, str], sso_emulator: Emulator
) -> None:
    """Their time is that of the role."""
    sso_emulator.clock.advance(3600)

    status, page = token_for(federate, session)

    assert (status, "have expired" in page) == (400, True)


def test_a_sign_in_token_expires(
    federate: Federate, session: dict[str, str], sso_emulator: Emulator
) -> None:
    """After a quarter of an hour."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]
    sso_emulator.clock.advance(900)

    status, page = federate(Action="login", SigninToken=token, **CONSOLE)

    assert (status, "has expired" in page) == (400, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"SigninToken": "made up"},
        {"SigninToken": None},
        {"Issuer": None},
        {"Destination": None},
        {"Destination": "javascript:alert(1)"},
    ],
)
def test_a_login_needs_all_its_parameters(
    federate: Federate, session: dict[str, str], changes: dict[str, str | None]
) -> None:
    """What is wrong is said on a page."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]

    status, page = federate(Action="login", **{"SigninToken": token, **CONSOLE, **changes})

    assert (status, 'role="alert"' in page) == (400, True)


@pytest.mark.parametrize("session", ["[]", "{", "{}", '{"sessionId": 1}', ""])
def test_a_session_must_be_one(federate: Federate, session: str) -> None:
    """Three strings under their names."""
    assert federate(Action="getSigninToken", Session=session)[0] == 400


@pytest.mark.parametrize("duration", ["899", "43201", "long"])
def test_a_session_lasts_between_a_quarter_of_an_hour_and_twelve(
    federate: Federate, session: dict[str, str], duration: str
) -> None:
    """The limits of the service."""
    assert token_for(federate, session, SessionDuration=duration)[0] == 400


def test_nothing_gets_into_the_page_unescaped(federate: Federate, session: dict[str, str]) -> None:
    """The destination comes from whoever wrote the link."""
    token = json.loads(token_for(federate, session)[1])["SigninToken"]
    evil = 'https://x.example/"><script>'

    page = federate(Action="login", SigninToken=token, Issuer="x", Destination=evil)[1]

    assert "<script>" not in page


def test_another_action_is_unknown(federate: Federate, sso_emulator: Emulator) -> None:
    """And fails the test that asked for it."""
    assert federate(Action="logout")[0] == 400

    assert sso_emulator.requests.count("Unknown") == 1
    sso_emulator.reset()
