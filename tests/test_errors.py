"""What the errors say."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING

import boto3
import pytest

import sso_plugin
from sso_plugin import LoginFailed, PortalError
from sso_plugin.errors import PortalRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

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


def endpoint_in_environment(_: World, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", url)


def endpoint_in_services(world: World, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_SSO")
    services = f"[services own]\nsso =\n  endpoint_url = {url}\n"
    world.configure(f"{services}{world.emulator.profile()}services = own\n")


@pytest.mark.parametrize("act", [endpoint_in_environment, endpoint_in_services])
@pytest.mark.parametrize(
    ("secret", "query"), [("", ""), ("user:hushhush@", "?key=hushhush"), ("hushhush@", "")]
)
def test_an_endpoint_that_is_not_of_aws_is_named(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[World, pytest.MonkeyPatch, str], None],
    secret: str,
    query: str,
) -> None:
    """With its scheme, host, port and path, and without what may be secret in it."""
    world.sign_in()
    act(world, monkeypatch, f"http://{secret}127.0.0.1:9/base{query}")
    with pytest.raises(PortalError) as caught:
        list(sso_plugin.accounts("dev"))
    assert str(caught.value).startswith(
        'The profile "dev" cannot reach Identity Center (sso in eu-central-1, at '
        "http://127.0.0.1:9/base): Could not connect to the endpoint URL: "
    )
    for text in (str(caught.value), repr(caught.value), repr(caught.value.kwargs)):
        assert "hushhush" not in text
    trace = "".join(traceback.format_exception(caught.value))
    assert "hushhush" not in trace


def test_other_processes_name_the_endpoint_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they read of the failure is the same clean line."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://user:hushhush@127.0.0.1:9/a\x1b[31m")
    sso_plugin.enable()
    with pytest.raises(PortalError):
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    (file,) = (world.home / ".aws/sso-plugin").glob("outage-*.json")
    assert "hushhush" not in file.read_text()
    told = json.loads(file.read_text())["told"]
    assert "(sso in eu-central-1, at http://127.0.0.1:9/a" in told
    assert told.isprintable()
