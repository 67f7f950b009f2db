"""Device codes and user codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import DeviceLogin

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator


def test_a_poll_before_the_interval_is_an_error(
    device: DeviceLogin, sso_emulator: Emulator
) -> None:
    """After the interval the authorization is pending again."""
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException):
        device.poll()

    with pytest.raises(device.oidc.exceptions.SlowDownException):
        device.poll()

    sso_emulator.clock.advance(5)
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException):
        device.poll()


def test_with_an_interval_of_zero_no_poll_is_too_early(oidc: Any, sso_emulator: Emulator) -> None:
    """Tests do not have to wait."""
    sso_emulator.settings.poll_interval = 0
    device = DeviceLogin(oidc, sso_emulator)

    for _ in range(3):
        with pytest.raises(oidc.exceptions.AuthorizationPendingException):
            device.poll()


def test_a_denied_authorization_is_an_error(device: DeviceLogin, sso_emulator: Emulator) -> None:
    """The client learns that the user denied it."""
    sso_emulator.deny(device.codes["userCode"])

    with pytest.raises(device.oidc.exceptions.AccessDeniedException):
        device.poll()


def test_a_device_code_expires(device: DeviceLogin, sso_emulator: Emulator) -> None:
    """Then it can be neither redeemed nor approved."""
    sso_emulator.clock.advance(600)

    with pytest.raises(device.oidc.exceptions.ExpiredTokenException):
        device.poll()

    with pytest.raises(LookupError, match="expired"):
        sso_emulator.approve(device.codes["userCode"])


def test_a_device_code_works_once(device: DeviceLogin, sso_emulator: Emulator) -> None:
    """The second use is an invalid grant."""
    sso_emulator.approve(device.codes["userCode"])
    device.poll()

    with pytest.raises(device.oidc.exceptions.InvalidGrantException):
        device.poll()


def test_a_user_code_works_once(device: DeviceLogin, sso_emulator: Emulator) -> None:
    """A second decision is an error."""
    sso_emulator.deny(device.codes["userCode"])

    with pytest.raises(LookupError, match="already"):
        sso_emulator.approve(device.codes["userCode"])


def test_case_and_dash_of_a_user_code_do_not_matter(
    device: DeviceLogin, sso_emulator: Emulator
) -> None:
    """As users type them."""
    sso_emulator.approve(device.codes["userCode"].lower().replace("-", " "))

    assert device.poll()["accessToken"]


def test_a_device_code_of_another_client_is_rejected(
    device: DeviceLogin, oidc: Any, sso_emulator: Emulator
) -> None:
    """A stolen code is useless."""
    sso_emulator.approve(device.codes["userCode"])
    other = DeviceLogin(oidc, sso_emulator)
    other.codes = device.codes

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        other.poll()
