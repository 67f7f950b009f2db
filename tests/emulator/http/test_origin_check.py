"""Requests of web pages from other sites."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator

    Ask = Callable[..., tuple[int, str]]


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
    """A form from another origin, or for another host name, is rejected."""
    form = urlencode({"user_code": user_code, "user": "alice", "decision": "approve"})

    status, _ = ask("POST", "/device", form=form, headers=headers)

    assert status == 403
    assert sso_emulator.state.devices.pending()


def test_the_page_may_submit_its_own_form(ask: Ask, user_code: str, sso_emulator: Emulator) -> None:
    """Browsers send `Origin` with it too."""
    form = urlencode({"user_code": user_code, "user": "alice", "decision": "approve"})

    assert ask("POST", "/device", form=form, headers={"Origin": sso_emulator.url})[0] == 200
