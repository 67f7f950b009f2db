"""Requests to Identity Center: their clients, the server's time, and invalid list entries."""

from __future__ import annotations

import logging
import os
from email.utils import formatdate
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.session import Session
from hostile import ACCOUNTS, ROLES
from hostile_checks import ESCAPES, changed

import sso_plugin
from sso_plugin import ConfigError
from sso_plugin.clock import Clock
from sso_plugin.commands.doctor import diagnose
from sso_plugin.config.profile import SsoProfile
from sso_plugin.portal.client import Portal
from sso_plugin.storage import Stores

if TYPE_CHECKING:
    from hostile import HostilePortal
    from world import World


def portal_of(profile_name: str = "dev", clock: Clock | None = None) -> Portal:
    session = Session(profile=profile_name)
    profile = SsoProfile.of(session)
    assert profile is not None
    return Portal.of(session, profile, clock or Clock(), Stores(profile.options))


def test_a_client_is_created_on_first_use_and_once(world: World) -> None:
    """Most sessions need neither of the two."""
    portal = portal_of()
    assert portal._clients == {}
    assert portal._client("sso") is portal._client("sso")
    assert list(portal._clients) == ["sso"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_creates_its_own_clients(world: World) -> None:
    """Connections cannot be shared, and a thread of the parent may have held the lock."""
    portal = portal_of()
    client = portal._client("sso")
    with portal._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if portal._client("sso") is not client else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert portal._client("sso") is client


@pytest.mark.parametrize(("headers", "ahead"), [({"x-amzn-RequestId": "1"}, 3600), ({}, 0)])
def test_the_server_s_time_is_read_from_its_responses(
    world: World, headers: dict[str, str], ahead: float
) -> None:
    """A response without a request ID comes from a proxy, whose clock may be wrong."""
    now = 1_700_000_000.0
    clock = Clock(lambda: now, lambda: 0.0)
    date = formatdate(now + 3600, usegmt=True)
    response = SimpleNamespace(headers={"Date": date, **headers})
    portal_of(clock=clock)._observe_date(http_response=response, context={})
    # A Date header has no fractions of a second.
    assert abs(clock.now() - now - ahead) < 1


INVALID_ACCOUNTS: list[Any] = [
    None,
    {},
    {"accountId": "1"},
    {"accountId": "\u0661" * 12},
    {"accountId": "111111111111\n"},
    {"accountId": 111111111111},
    {"accountId": "111111111111", "accountName": f"Prod{ESCAPES}"},
    {"accountId": "111111111111", "accountName": ["Prod"]},
    {"accountId": "111111111111", "accountName": "x" * 5000},
    {"accountId": "111111111111", "emailAddress": "a@b\n[default]"},
]


def test_an_invalid_account_is_ignored_with_one_warning(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """The valid ones are listed. Each warning is one clean line."""
    expected = list(sso_plugin.accounts("dev"))
    portal.change[ACCOUNTS] = lambda answer: {
        **answer,
        "accountList": [*INVALID_ACCOUNTS, *answer["accountList"], *INVALID_ACCOUNTS],
    }
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        assert list(sso_plugin.accounts("dev")) == expected
    warnings = [each for each in caplog.messages if "Ignoring an entry in a list" in each]
    assert len(warnings) == len(set(warnings)) == len(INVALID_ACCOUNTS) - 1
    assert all(each.isprintable() for each in warnings)
    assert any('accountId is not 12 digits ("1")' in each for each in warnings)


def test_the_number_of_warnings_is_limited(
    portal: HostilePortal, caplog: pytest.LogCaptureFixture
) -> None:
    """A list of a thousand invalid entries does not fill the log."""
    entries = [{"accountId": f"{number}"} for number in range(1000)]
    portal.change[ACCOUNTS] = changed(accountList=entries)
    with caplog.at_level(logging.WARNING, "sso_plugin"):
        assert list(sso_plugin.accounts("dev")) == []
    assert len([each for each in caplog.messages if "Ignoring an entry" in each]) == 20


def test_the_responses_of_a_callers_own_client_are_not_changed(portal: HostilePortal) -> None:
    """Only the responses that this package uses are validated."""
    portal.change[ROLES] = changed(roleList=[{"roleName": "Admin\n[default]"}])
    session = boto3.Session(profile_name="dev")
    sso_plugin.enable(session)
    client: Any = session.client("sso", region_name="eu-central-1")
    answer = client.list_account_roles(accountId="111111111111")
    assert answer["roleList"] == [{"roleName": "Admin\n[default]"}]


@pytest.mark.parametrize("endpoint", ["https://[x/", "x\x1b[31m"])
def test_an_invalid_endpoint_is_a_config_error(
    world: World, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """Doctor reports it as well."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", endpoint)
    with pytest.raises(ConfigError, match="as it is configured") as caught:
        list(sso_plugin.accounts("dev"))
    assert str(caught.value).isprintable()
    assert any("as it is configured" in each.message for each in diagnose("dev"))
