"""What the errors say."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
import pytest
from example_errors import errors
from notebook_shell import notebook_shell

import sso_plugin
from sso_plugin import ConfigError, LoginFailed, PortalError
from sso_plugin.errors import (
    ConfigValueError,
    PortalRefusal,
    SsoPluginError,
    also_as,
)
from sso_plugin.portal.error_map import Caller
from sso_plugin.portal.unreachable import UNREACHABLE

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
def test_the_explanation_is_one_short_line(message: str | None, reason: str) -> None:
    """It is a part of our sentence, and may come from a proxy."""
    assert refusal(message).explanation == f"ThrottlingException, {reason}"


def test_the_description_of_an_oauth_error_is_one_line() -> None:
    """Identity Center explains errors in one of two places."""
    response = {"Error": {"Code": "InvalidGrantException"}, "error_description": "Wrong\ncode"}
    exc = PortalRefusal(error_msg="", response=response, operation_name="CreateToken")
    assert exc.explanation == "InvalidGrantException, Wrong"


def test_the_page_of_a_proxy_is_not_in_the_message(world: World) -> None:
    """A terminal cannot show it."""
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


@pytest.mark.one_quick_case
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


@pytest.mark.long
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
    problem = json.loads(file.read_text())["problem"]
    assert "(sso in eu-central-1, at http://127.0.0.1:9/a" in problem
    assert problem.isprintable()


def state(exc: Any) -> tuple[object, ...]:
    more = [getattr(exc, name, None) for name in ("retryable", "problem", "response")]
    return (type(exc).__mro__[-8:], type(exc).__name__, str(exc), exc.kwargs, *more)


def fail(number: int) -> None:
    raise errors()[number]


@pytest.mark.long
def test_an_error_is_the_same_after_pickling_and_copying() -> None:
    """Also if it was raised in a pool of processes."""
    for exc in errors():
        received = pickle.loads(pickle.dumps(exc))  # noqa: S301 - it is our own
        assert [state(exc)] * 3 == [state(each) for each in (received, *copies(exc))]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        raised = [pool.submit(fail, number).exception(60) for number in range(len(errors()))]
    assert [state(exc) for exc in errors()] == [state(exc) for exc in raised]


def copies(exc: SsoPluginError) -> list[SsoPluginError]:
    return [copy.copy(exc), copy.deepcopy(exc)]


@pytest.mark.parametrize("name", sorted(UNREACHABLE.keys() - {"ResponseParserError"}))
def test_each_unreachable_error_has_the_classes_of_botocore(name: str) -> None:
    """Also those that botocore's error has from requests and urllib3."""
    stock = getattr(botocore.exceptions, name)
    assert issubclass(UNREACHABLE[name], stock)


BOTOCORES = [
    kind
    for kind in vars(botocore.exceptions).values()
    if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError)
]


@pytest.mark.parametrize("base", BOTOCORES, ids=lambda kind: kind.__name__)
def test_a_config_error_can_be_any_error_of_botocore(base: type[Exception]) -> None:
    """They have bases and arguments of their own."""
    for kind in (ConfigError, ConfigValueError):
        exc = also_as(kind, base)(error_msg="It is wrong")
        assert str(exc) == "It is wrong"
        assert isinstance(exc, kind)
        [received] = {type(pickle.loads(pickle.dumps(exc))).__mro__[1:]}  # noqa: S301 - our own
        assert received == type(exc).__mro__[1:]


def test_an_os_error_is_quoted_without_secrets() -> None:
    """Its text names the file or the port."""
    caller = Caller("It", "sso", "r", "sso-plugin doctor", ("a-secret-token",))
    error = PermissionError(13, "Permission denied", "/etc/a-secret-token")
    with pytest.raises(PortalError) as caught, caller.mapped_errors():
        raise botocore.exceptions.HTTPClientError(error=error)
    assert "the request failed: [Errno 13] Permission denied: '/etc/***'" in str(caught.value)
    assert "error" not in caught.value.kwargs


def test_the_url_is_in_the_arguments_of_the_error() -> None:
    """As in botocore's error. The original exception and the request are not."""
    caller = Caller("It", "sso", "r", "sso-plugin doctor")
    with pytest.raises(PortalError) as caught, caller.mapped_errors():
        raise botocore.exceptions.SSLError(endpoint_url="https://x", error=ValueError("no"))
    assert caught.value.kwargs["endpoint_url"] == "https://x"
    assert "error" not in caught.value.kwargs


@pytest.mark.parametrize("kind", [ConfigError, also_as(ConfigError, ValueError)])
def test_ipython_shows_the_name_and_the_message(kind: type[ConfigError]) -> None:
    """In place of 100 lines of traceback, also with a cause. Outside of IPython nothing changes."""
    error, shown = kind(error_msg="It is wrong."), []
    with notebook_shell() as shell:
        shell._showtraceback = lambda *each: shown.append(each)
        shell.user_ns["error"] = error
        shell.run_cell("raise error from KeyError('its cause')")
    assert shown == [(kind, error, ["ConfigError: It is wrong."])]
    assert "its cause" in "".join(traceback.format_exception(error))
