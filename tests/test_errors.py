"""What the errors say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin import LoginFailed
from sso_plugin.errors import PortalRefusal

if TYPE_CHECKING:
    from world import World

LONG = "Too many words. " * 20
PAGE = "<!doctype html>\n<html><body>Bad gateway</body></html>"


def refusal(message: str | None) -> PortalRefusal:
    """Make a refusal as botocore reads it from an answer."""
    error = {"Code": "ThrottlingException", "Message": message}
    return PortalRefusal(error_msg="", response={"Error": error}, operation_name="CreateToken")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Rate exceeded", "Rate exceeded"),
        ("\n Rate exceeded \r\nRequest 7\n", "Rate exceeded"),
        (LONG[:200], LONG[:200].strip()),
        (LONG, f"{LONG[:196].rstrip()} ..."),
        ("x" * 201, f"{'x' * 196} ..."),
        (PAGE, "no reason given"),
        (f"\n  {PAGE}", "no reason given"),
        (" \n", "no reason given"),
        ("", "no reason given"),
        (None, "no reason given"),
    ],
)
def test_what_the_service_said_is_one_short_line(message: str | None, reason: str) -> None:
    """It stands in the middle of a sentence of ours, and may come from a proxy on the way."""
    assert refusal(message).explanation == f"ThrottlingException, {reason}"


def test_the_description_of_an_oauth_error_is_one_line_too() -> None:
    """Identity Center explains its refusals in one of two places."""
    response = {"Error": {"Code": "InvalidGrantException"}, "error_description": "Wrong\ncode"}
    exc = PortalRefusal(error_msg="", response=response, operation_name="CreateToken")
    assert exc.explanation == "InvalidGrantException, Wrong"


def test_the_page_of_a_proxy_is_not_in_the_message(world: World) -> None:
    """A proxy refuses with a page, which no terminal can show."""
    world.emulator.faults.add("RegisterClient", kind="page", status=403)
    with pytest.raises(LoginFailed, match="403, no reason given") as caught:
        sso_plugin.login("dev", flow="device", open_browser=None)
    assert "<" not in str(caught.value)
    assert "\n" not in str(caught.value)
