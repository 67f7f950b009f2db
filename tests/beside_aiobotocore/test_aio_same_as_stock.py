"""Profiles of all kinds behave in sessions of aiobotocore as on stock, and as in boto3.

The table is that of `scenarios/test_same_as_stock.py`. Two processes use each profile in each way,
one with sso_plugin and one without; a third one does so with sessions of boto3.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from profile_table import ARN, PROFILES, WAYS, WRONG_VALUES, as_stock, run_table, script_with
from scenarios.test_same_as_stock import CALLS as CALLS_OF_BOTO3

from sso_plugin.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = """
import asyncio, logging
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

# As in botocore.
logging.getLogger("aiobotocore").addHandler(logging.NullHandler())

run = asyncio.new_event_loop().run_until_complete

def new_session(keys, profile):
    session = AioSession(profile=profile)
    if keys:
        session.set_credentials(*keys)
    return session

def make(session, way, service="sts"):
    config = AioConfig(signature_version=botocore.UNSIGNED) if way.get("unsigned") else None
    keys = keys_of_client(way)
    context = session.create_client(service, region_name="eu-central-1", config=config, **keys)
    return run(context.__aenter__())

async def call_and_close(client, operation, parameters):
    try:
        return await getattr(client, operation)(**parameters)
    finally:
        await client.__aexit__(None, None, None)

def call(client, operation, **parameters):
    return run(call_and_close(client, operation, parameters))

def token(session):
    found = session.get_auth_token()
    return found and type(run(found.get_frozen_token()).token).__name__

def method(session):
    found = run(session.get_credentials())
    return found and found.method
"""

QUICK = ("complete",)
OTHERS = (
    "role-without-account",
    "wrong-cache",
    "complete-legacy",
    "account-name-and-process",
    "login-only",
    "login-and-keys",
    "login-and-process",
    "region-differs",
    "session-missing",
    "session-missing-and-keys",
    "off",
    "off-and-incomplete",
    "empty-role",
    "wrong-option-of-session",
)
"""The others of the table differ from these in how the profile is read, which is common code."""

Results = dict[str, dict[str, Any]]
"""What each kind of sessions returns for each profile and way to use it."""


def marked(table: dict[str, str]) -> list[Any]:
    """Return the profiles of a table that are used here, all but a few of them marked long."""
    others = [pytest.param(name, marks=pytest.mark.long) for name in OTHERS if name in table]
    return [*(name for name in QUICK if name in table), *others]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """Return a function for the results of a profile; it runs the quick ones or all others."""

    @functools.cache
    def run(*, quick: bool) -> Results:
        plan = {"profiles": QUICK if quick else OTHERS, "ways": WAYS}
        ours, boto3 = script_with(CALLS), script_with(CALLS_OF_BOTO3)
        with Emulator() as emulator:
            return {
                "ours": run_table("with", ours, plan, emulator, tmp_path_factory),
                "stock": run_table("without", ours, plan, emulator, tmp_path_factory),
                "boto3": run_table("with", boto3, plan, emulator, tmp_path_factory),
            }

    return lambda profile: run(quick=profile in QUICK)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("profile", marked({**PROFILES, **WRONG_VALUES}))
def test_a_profile_is_used_as_in_boto3(
    results: Callable[[str], Results], profile: str, way: str
) -> None:
    """The same values, and the same errors from the same calls."""
    ours, boto3 = (results(profile)[each][f"{profile} / {way}"] for each in ("ours", "boto3"))
    assert ours == boto3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("profile", marked(PROFILES))
def test_a_profile_is_used_as_stock_uses_it(
    results: Callable[[str], Results], profile: str, way: str
) -> None:
    """The same values, and errors of the same kinds from the same calls."""
    ours, stock = (results(profile)[each][f"{profile} / {way}"] for each in ("ours", "stock"))
    assert {act: as_stock(ours[act], stock[act]) for act in stock} == stock


def test_the_quick_part_of_the_table_has_known_results(
    results: Callable[[str], Results],
) -> None:
    """So not every case fails in the same way."""
    found = results(QUICK[0])["ours"]
    assert found["complete / profile"]["call"]["value"].startswith(f"{ARN}AWSReservedSSO_Admin")
    assert found["complete / role chain"]["call"] == {"value": f"{ARN}Deploy"}
    assert found["complete / profile"]["sso client"] == {"value": "111111111111"}


@pytest.mark.long
def test_the_rest_of_the_table_has_known_results(results: Callable[[str], Results]) -> None:
    """So not every case fails in the same way."""
    found = results("wrong-cache")["ours"]
    assert found["role-without-account / unsigned"]["client"] == {"value": None}
    assert found["role-without-account / profile"]["client"]["error"][0] == "ConfigError"
    assert found["wrong-cache / profile"]["client"] == {"value": None}
    assert found["wrong-cache / profile"]["call"]["error"][0] == "ConfigError"
