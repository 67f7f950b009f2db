"""Which region the profiles of an account get."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from configure_support import profiles_in, role, roles_are, write

from sso_plugin.commands.configure.patterns import Unmatched
from sso_plugin.commands.configure.region_choice import RegionRule, regions_by_account
from sso_plugin.portal.listings import Account

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNTS = [Account("1", "ml-dev", ""), Account("2", "ml-prod", ""), Account("3", "web=x", "")]


def test_the_more_exact_rule_counts() -> None:
    """A name before a pattern, a long pattern before a short one, in any order of options."""
    rules = ["eu-west-1", "m*=eu-west-2", "ml-*=eu-west-3", "ml-prod=us-east-1"]
    for texts in itertools.permutations(rules):
        regions = regions_by_account(texts, ACCOUNTS, Unmatched({"regions"}))
        assert regions == {"1": "eu-west-3", "2": "us-east-1", "3": "eu-west-1"}


def test_of_two_rules_for_the_same_accounts_the_last_one_counts() -> None:
    """As of an option that is not repeated."""
    texts = ["1=eu-west-1", "ml-dev=eu-west-2"]
    regions = regions_by_account(texts, ACCOUNTS, Unmatched({"regions"}))
    assert regions == {"1": "eu-west-2"}


def test_the_name_of_an_account_may_have_an_equals_sign() -> None:
    """A region has none."""
    assert RegionRule.parse("web=x=eu-west-1") == ("web=x", "eu-west-1")
    assert RegionRule.parse("eu-west-1") == (None, "eu-west-1")
    with pytest.raises(ValueError, match='"" is not a valid region'):
        RegionRule.parse("web=x=")


def test_accounts_without_a_rule_keep_their_regions(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of existing profiles; new ones get none. The process profile has the region of its own."""
    roles_are(monkeypatch, role("a", "1"))
    write(region="eu-west-1", credential_process=True)
    roles_are(monkeypatch, role("a", "1"), role("b", "2"), role("c", "3"))
    plan = write(regions=("b=us-east-1",), credential_process=True)
    assert plan.changed == ()
    found = {name: values.get("region") for name, values in profiles_in(config_file).items()}
    assert [found[f"{name}-R"] for name in "abc"] == ["eu-west-1", "us-east-1", None]
    assert [found[f"{name}-R-process"] for name in "abc"] == ["eu-west-1", "us-east-1", None]
