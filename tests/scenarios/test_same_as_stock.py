"""Incomplete, contradictory and unusual profiles behave as on stock botocore.

Two processes use each profile in each way, one with sso_plugin and one without. Where botocore
returns a value, so do we. Where it raises, we raise an error that the same `except` clause
catches, at the same moment: when a client is made, or when it is used.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from both_ways import BOTH, Way
from profile_table import ARN, PROFILES, WAYS, WRONG_VALUES, as_stock, run_table, script_with

from sso_plugin.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


CALLS = """
import boto3
from botocore.config import Config

def new_session(keys, profile):
    return boto3.Session(*keys, profile_name=profile)

def make(session, way, service="sts"):
    config = Config(signature_version=botocore.UNSIGNED) if way.get("unsigned") else None
    keys = keys_of_client(way)
    return session.client(service, region_name="eu-central-1", config=config, **keys)

def call(client, operation, **parameters):
    return getattr(client, operation)(**parameters)

def token(session):
    found = session._session.get_auth_token()
    return found and type(found.get_frozen_token().token).__name__

def method(session):
    found = session.get_credentials()
    return found and found.method
"""


Results = dict[Way, dict[str, Any]]
"""What the script returns for each profile and way to use it, with and without the plugin."""

QUICK = ("complete", "role-without-account", "wrong-cache")


def marked(profiles: Iterable[str]) -> list[Any]:
    """Mark all profiles but a few as long."""
    return [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in profiles
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """Return a function for the results of a profile; it runs the quick ones or all others."""

    @functools.cache
    def run(*, quick: bool) -> Results:
        profiles = [name for name in {**PROFILES, **WRONG_VALUES} if (name in QUICK) == quick]
        with Emulator() as emulator:
            plan = {"profiles": profiles, "ways": WAYS}
            return {
                way: run_table(way, script_with(CALLS), plan, emulator, tmp_path_factory)
                for way in BOTH
            }

    return lambda profile: run(quick=profile in QUICK)


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("profile", marked(PROFILES))
def test_a_profile_is_used_as_stock_uses_it(
    results: Callable[[str], Results], profile: str, way: str
) -> None:
    """The same values, and errors of the same kinds from the same calls."""
    case = f"{profile} / {way}"
    ours, stock = (results(profile)[each][case] for each in BOTH)
    assert {act: as_stock(ours[act], stock[act]) for act in stock} == stock


@pytest.mark.one_quick_case
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("profile", marked(WRONG_VALUES))
def test_a_wrong_value_is_an_error_of_the_first_call_only(
    results: Callable[[str], Results], profile: str, way: str
) -> None:
    """Calls that need no credentials work as on stock."""
    case = f"{profile} / {way}"
    ours, stock = (results(profile)[each][case] for each in BOTH)
    different = {act for act in stock if as_stock(ours[act], stock[act]) != stock[act]}
    serves = ours["credentials"]["value"] in ("sso", "assume-role")
    assert different == (
        {"call"} if serves and not WAYS[way].keys() & {"client", "unsigned"} else set()
    )
    if different:
        assert ours["call"]["error"][0] == "ConfigError"


def test_the_quick_part_of_the_table_has_known_results(
    results: Callable[[str], Results],
) -> None:
    """So not every case fails in the same way."""
    ours, stock = (results(QUICK[0])[each] for each in BOTH)
    assert stock["complete / profile"]["call"]["value"].startswith(f"{ARN}AWSReservedSSO_Admin")
    assert stock["complete / role chain"]["call"] == {"value": f"{ARN}Deploy"}
    assert stock["complete / profile"]["sso client"] == {"value": "111111111111"}
    assert stock["role-without-account / unsigned"]["client"] == {"value": None}
    assert stock["role-without-account / keys in the environment"]["client"] == {"value": None}
    assert stock["role-without-account / profile"]["client"]["error"][0] == "InvalidConfigError"
    assert ours["wrong-cache / profile"]["call"]["error"][0] == "ConfigError"


@pytest.mark.long
def test_the_rest_of_the_table_has_known_results(results: Callable[[str], Results]) -> None:
    """So not every case fails in the same way."""
    stock = results("complete-legacy")["without"]
    assert stock["complete-legacy / AWS_PROFILE"]["call"]["value"].startswith(ARN)
    assert stock["session-missing / profile"]["client"]["error"][0] == "InvalidConfigError"
    assert stock["account-name-and-process / profile"]["credentials"] == {"value": "custom-process"}
