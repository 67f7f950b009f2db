"""Strategies of hypothesis for the content of a config file."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

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
    """Return configs as botocore reads them: profiles and sso-sessions by name."""
    return st.fixed_dictionaries(
        {},
        optional={
            "profiles": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"dev": sections(keys, values)}),
            "sso_sessions": st.dictionaries(words, sections(keys, values), max_size=2)
            | st.fixed_dictionaries({"corp": sections(keys, values)}),
        },
    )
