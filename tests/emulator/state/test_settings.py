"""Valid and invalid settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acess_token", 1),
        ("access_token", 0),
        ("access_token", True),
        ("access_token", "1h"),
        ("poll_interval", 0.5),
        ("refresh_tokens", "sometimes"),
        ("requests_per_second", 0),
        ("retry_after", "soon"),
        ("date_offset", None),
        ("date_offset", float("inf")),
    ],
)
def test_an_invalid_setting_is_rejected(
    control: Callable[..., Any], sso_emulator: Emulator, name: str, value: object
) -> None:
    """Over HTTP and from Python."""
    status, response = control("PATCH", "settings", **{name: value})
    assert (status, name in response["message"]) == (400, True)

    with pytest.raises(ValueError, match=name):
        setattr(sso_emulator.settings, name, value)
