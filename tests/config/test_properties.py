"""Properties of profiles, for any config file: read, refused, and compared with botocore."""

from __future__ import annotations

from typing import Any
from unittest import mock

from botocore.credentials import SSOProvider
from botocore.exceptions import InvalidConfigError
from hypothesis import given
from hypothesis import strategies as st
from property_tests import SEARCH

from sso_plugin import ConfigError
from sso_plugin.config import IDENTITY_KEYS, ROLE_KEYS, is_served
from sso_plugin.config.profile import SsoProfile

STANDARD = (
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "sso_registration_scopes",
)
OURS = (
    "sso_plugin",
    "sso_account_name",
    "sso_login",
    "sso_refresh",
    "sso_cache",
    "sso_minimum_lifetime",
    "sso_requests_per_second",
    "sso_use_fips_endpoint",
)
ROLE = ("sso_account_id", "sso_role_name")

words = st.sampled_from(["corp", "dev", "https://x.awsapps.com/start", "eu-west-1", "on", "7"])
texts = words | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = texts | st.dictionaries(words, texts, max_size=2)


def sections(keys: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from([*keys, "region", "output"]), values)


def configs(keys: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what botocore reads from a config file: profiles and sso-sessions by name."""
    return st.fixed_dictionaries(
        {},
        optional={
            "profiles": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"dev": sections(keys, values)}),
            "sso_sessions": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"corp": sections(keys, values)}),
        },
    )


def stock_config(config: Any, name: str) -> Any:
    """Return the config that botocore's own provider reads, or its error."""
    provider: Any = SSOProvider(lambda: config, client_creator=mock.Mock(), profile_name=name)
    try:
        return provider._load_sso_config()
    except InvalidConfigError as exc:
        return exc


def our_config(config: Any, name: str) -> Any:
    """Return the profile that we read, or our error."""
    try:
        return SsoProfile.find(config, name)
    except ConfigError as exc:
        return exc


@SEARCH
@given(configs(STANDARD + OURS, values), words | texts)
def test_a_config_is_read_or_refused_with_a_config_error(config: Any, name: str) -> None:
    """Any values, nested sections too; the error names the profile."""
    found = our_config(config, name)
    if isinstance(found, ConfigError):
        assert name in str(found)
    else:
        assert found is None or (found.start_url and found.region)


@SEARCH
@given(configs(STANDARD + OURS, values), words)
def test_a_profile_is_served_if_it_has_sso_keys_and_is_not_switched_off(
    config: Any, name: str
) -> None:
    """Every session asks this question, so no config makes it fail."""
    profiles = config.get("profiles", {})
    section = profiles.get(name, {})
    has_keys = any(key in section for key in IDENTITY_KEYS + ROLE_KEYS)
    assert has_keys or not is_served(config, name)
    for switch, expected in (("on", has_keys), ("off", False), (" OFF ", False)):
        switched = {**profiles, name: {**section, "sso_plugin": switch}}
        assert is_served({**config, "profiles": switched}, name) == expected


filled = texts.map(str.strip).filter(bool)
"""Botocore accepts a key with an empty value; the portal refuses the request later."""


@SEARCH
@given(configs(STANDARD, filled), st.sampled_from(["dev", "corp"]))
def test_a_profile_with_a_role_is_accepted_where_botocore_accepts_it(
    config: Any, name: str
) -> None:
    """Both read the same values. A profile without a role is valid here: it names a login."""
    stock, ours = stock_config(config, name), our_config(config, name)
    if stock is None:
        assert ours is None or isinstance(ours, ConfigError) or ours.role_name is None
    elif isinstance(stock, InvalidConfigError):
        assert isinstance(ours, ConfigError)
    else:
        assert (ours.start_url, ours.region) == (stock["sso_start_url"], stock["sso_region"])
        assert (ours.account_id, ours.role_name) == tuple(stock[key] for key in ROLE)
        assert ours.session_name == stock.get("sso_session")
