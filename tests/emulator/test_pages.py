"""The approval page, as a browser sends its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from sso_plugin.emulator import Account, Assignment, Emulator, Organization, User

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def user_code(oidc: Any, sso_emulator: Emulator) -> str:
    """Start a device authorization."""
    client = oidc.register_client(clientName="test", clientType="public")
    codes = oidc.start_device_authorization(
        clientId=client["clientId"],
        clientSecret=client["clientSecret"],
        startUrl=sso_emulator.start_url,
    )
    return str(codes["userCode"])


def submit(ask: Ask, **fields: str) -> tuple[int, str]:
    return ask("POST", "/device", form=urlencode(fields))


def test_the_page_offers_every_user(ask: Ask) -> None:
    """And an empty field for the code."""
    status, text = ask("GET", "/device")

    assert status == 200
    assert "<option>alice</option><option>bob</option>" in text
    assert 'name="user_code" value=""' in text


def test_every_field_has_a_label(ask: Ask) -> None:
    """For those who hear the page instead of seeing it."""
    _, text = ask("GET", "/device")

    for field in ("user_code", "user"):
        assert f'<label for="{field}">' in text
        assert f'id="{field}"' in text


def test_a_code_in_the_address_is_filled_in(ask: Ask, user_code: str) -> None:
    """As when a person follows the complete link."""
    _, text = ask("GET", f"/device?user_code={user_code}")

    assert f'value="{user_code}"' in text


def test_the_bare_address_leads_to_the_page(ask: Ask) -> None:
    """Somebody who opens it finds what to do."""
    status, text = ask("GET", "/")

    assert (status, "Approve a sign-in" in text) == (200, True)


@pytest.mark.parametrize(("decision", "outcome"), [("approve", "Approved"), ("deny", "Denied")])
def test_a_decision_is_confirmed(
    ask: Ask, user_code: str, sso_emulator: Emulator, decision: str, outcome: str
) -> None:
    """The page says what was decided, and the code waits no longer."""
    status, text = submit(ask, user_code=user_code, user="bob", decision=decision)

    assert (status, f"{outcome}: {user_code}" in text) == (200, True)
    assert not sso_emulator.state.devices.pending()


def test_a_wrong_code_can_be_corrected(ask: Ask) -> None:
    """The form comes back with what was typed and what is wrong."""
    status, text = submit(ask, user_code="nonsense", user="alice", decision="approve")

    assert status == 400
    assert "This code is not known." in text
    assert 'value="nonsense"' in text


def test_an_expired_code_is_refused(ask: Ask, user_code: str, sso_emulator: Emulator) -> None:
    """The person learns why."""
    sso_emulator.clock.advance(3600)

    status, text = submit(ask, user_code=user_code, user="alice", decision="approve")

    assert (status, "has expired" in text) == (400, True)


def test_a_used_code_is_refused(ask: Ask, user_code: str) -> None:
    """The person learns why."""
    submit(ask, user_code=user_code, user="alice", decision="approve")

    status, text = submit(ask, user_code=user_code, user="alice", decision="approve")

    assert (status, "used already" in text) == (400, True)


def test_an_unknown_user_is_refused(ask: Ask, user_code: str) -> None:
    """Only a forged form names one."""
    status, text = submit(ask, user_code=user_code, user="mallory", decision="approve")

    assert (status, "There is no user" in text) == (400, True)


def test_nothing_gets_into_the_page_unescaped(ask: Ask, sso_emulator: Emulator) -> None:
    """Neither a code nor a user's name can bring markup."""
    account = Account("1" * 12, "one", "one@example.com")
    evil = '"><script>'
    sso_emulator.reset(
        Organization((User(evil),), (account,), (), (Assignment(evil, "1" * 12, "Role"),))
    )

    shown = ask("GET", f"/device?{urlencode({'user_code': evil})}")[1]
    answered = submit(ask, user_code=evil, user=evil, decision="approve")[1]

    assert "<script>" not in shown + answered


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
        {"Host": "evil.example"},
        {"Host": "[bad"},
    ],
)
def test_other_sites_cannot_approve(
    ask: Ask, user_code: str, sso_emulator: Emulator, headers: dict[str, str]
) -> None:
    """A form sent from another origin, or to a name that was rebound, is refused."""
    form = urlencode({"user_code": user_code, "user": "alice", "decision": "approve"})

    status, _ = ask("POST", "/device", form=form, headers=headers)

    assert status == 403
    assert sso_emulator.state.devices.pending()


def test_the_page_may_submit_its_own_form(ask: Ask, user_code: str, sso_emulator: Emulator) -> None:
    """Browsers name the origin even then."""
    form = urlencode({"user_code": user_code, "user": "alice", "decision": "approve"})

    assert ask("POST", "/device", form=form, headers={"Origin": sso_emulator.url})[0] == 200
