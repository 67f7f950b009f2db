"""The page /device, as a browser sends its form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from sso_plugin.emulator import Account, Assignment, Emulator, Organization, User

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, str]]


def submit(ask: Ask, **fields: str) -> tuple[int, str]:
    return ask("POST", "/device", form=urlencode(fields))


def test_the_page_offers_every_user(ask: Ask) -> None:
    """It has an empty field for the code."""
    status, text = ask("GET", "/device")

    assert status == 200
    assert "<option>alice</option><option>bob</option>" in text
    assert 'name="user_code" value=""' in text


def test_every_field_has_a_label(ask: Ask) -> None:
    """For users of screen readers."""
    _, text = ask("GET", "/device")

    for field in ("user_code", "user"):
        assert f'<label for="{field}">' in text
        assert f'id="{field}"' in text


def test_a_code_in_the_address_is_filled_in(ask: Ask, user_code: str) -> None:
    """As with the complete verification URI."""
    _, text = ask("GET", f"/device?user_code={user_code}")

    assert f'value="{user_code}"' in text


def test_the_root_path_redirects_to_the_page(ask: Ask) -> None:
    """For users who open the address without a path."""
    status, text = ask("GET", "/")

    assert (status, "Approve a sign-in" in text) == (200, True)


@pytest.mark.parametrize(("decision", "outcome"), [("approve", "Approved"), ("deny", "Denied")])
def test_a_decision_is_confirmed(
    ask: Ask, user_code: str, sso_emulator: Emulator, decision: str, outcome: str
) -> None:
    """The page shows it, and the code is no longer pending."""
    status, text = submit(ask, user_code=user_code, user="bob", decision=decision)

    assert (status, f"{outcome}: {user_code}" in text) == (200, True)
    assert not sso_emulator.state.devices.pending()


def test_a_wrong_code_can_be_corrected(ask: Ask) -> None:
    """The form is shown again, with the code and the problem."""
    status, text = submit(ask, user_code="nonsense", user="alice", decision="approve")

    assert status == 400
    assert "This code is unknown." in text
    assert 'value="nonsense"' in text


def test_an_expired_code_is_rejected(ask: Ask, user_code: str, sso_emulator: Emulator) -> None:
    """The page says why."""
    sso_emulator.clock.advance(3600)

    status, text = submit(ask, user_code=user_code, user="alice", decision="approve")

    assert (status, "has expired" in text) == (400, True)


def test_a_used_code_is_rejected(ask: Ask, user_code: str) -> None:
    """The page says why."""
    submit(ask, user_code=user_code, user="alice", decision="approve")

    status, text = submit(ask, user_code=user_code, user="alice", decision="approve")

    assert (status, "already been used" in text) == (400, True)


def test_an_unknown_user_is_rejected(ask: Ask, user_code: str) -> None:
    """Only a forged form has one."""
    status, text = submit(ask, user_code=user_code, user="mallory", decision="approve")

    assert (status, "There is no user" in text) == (400, True)


def test_the_page_escapes_all_values(ask: Ask, sso_emulator: Emulator) -> None:
    """Neither a code nor a user name can add markup."""
    account = Account("1" * 12, "one", "one@example.com")
    evil = '"><script>'
    sso_emulator.reset(
        Organization((User(evil),), (account,), (), (Assignment(evil, "1" * 12, "Role"),))
    )

    shown = ask("GET", f"/device?{urlencode({'user_code': evil})}")[1]
    answered = submit(ask, user_code=evil, user=evil, decision="approve")[1]

    assert "<script>" not in shown + answered
