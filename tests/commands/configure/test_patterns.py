"""Accounts and roles that are named by an option."""

from __future__ import annotations

import pytest

from sso_plugin import ConfigError
from sso_plugin.commands.configure.patterns import (
    Exclusion,
    Unmatched,
    matching_accounts,
    matching_names,
    no_account,
)
from sso_plugin.portal.listings import Account

ACCOUNTS = [
    Account("111111111111", "Prod [EU]", ""),
    Account("222222222222", "prod", ""),
    Account("333333333333", "PROD", ""),
    Account("444444444444", "team/dev", ""),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Prod [EU]", "1"),
        ("prod [eu]", "1"),
        ("prod", "2"),
        ("Prod*", "123"),
        ("pro?", "2"),
        ("PRO?", "3"),
        ("Pro?", "23"),
        ("4*", "4"),
        ("444444444444", "4"),
        ("*", "1234"),
        ("x*", ""),
        ("Pro", ""),
    ],
)
def test_an_account_is_named_by_id_name_or_pattern(text: str, ids: str) -> None:
    """A name comes before a pattern. Case matters only where names differ by nothing else."""
    assert "".join(each.account_id[0] for each in matching_accounts(text, ACCOUNTS)) == ids


def test_a_name_of_several_accounts_is_an_error() -> None:
    """The message has their ids. A pattern may match all of them."""
    same = [Account("1", "a", "x@example.com"), Account("2", "a", "")]
    with pytest.raises(ConfigError, match=r"Set --region to one of: 1 \(a, x@example.com\), 2"):
        matching_accounts("a", same, "--region")
    assert matching_accounts("a*", same) == same


def test_an_account_can_have_the_name_of_a_pattern() -> None:
    """The pattern then stands for this account only."""
    star = Account("5", "*", "")
    assert matching_accounts("*", [*ACCOUNTS, star]) == [star]


@pytest.mark.parametrize(
    ("text", "expected"), [("Admin", ["Admin"]), ("ADMIN", ["Admin", "admin"]), ("x", [])]
)
def test_a_role_is_named_exactly_or_in_any_case(text: str, expected: list[str]) -> None:
    """As an account is."""
    assert matching_names(text, ["Admin", "admin", "Other"]) == expected


@pytest.mark.parametrize(
    ("text", "ids", "role"),
    [
        ("team/dev", "4", None),
        ("prod/*", "2", "*"),
        ("team/dev/Read*", "4", "Read*"),
        ("*/Read*", "1234", "Read*"),
        ("x/Read*", "", None),
    ],
)
def test_an_exclusion_is_of_accounts_or_of_roles(text: str, ids: str, role: str | None) -> None:
    """The name of an account may have a slash, that of a role not."""
    exclusion = Exclusion.of(text, ACCOUNTS)
    assert "".join(sorted(each[0] for each in exclusion.accounts)) == ids
    assert exclusion.role == role


def test_an_error_lists_ten_of_a_thousand_names() -> None:
    """Those that are most similar."""
    many = [Account(str(number), f"team-{number}", "") for number in range(1000)]
    message = str(no_account("team-7x*", "--account", many))
    assert message.count(", ") == 10
    assert "team-7," in message
    assert message.endswith("and 990 more.")


def test_only_a_given_option_without_a_match_is_an_error() -> None:
    """A saved one is noted."""
    error = no_account("x", "--account", [])
    with pytest.raises(ConfigError):
        Unmatched({"accounts"}).report("accounts", error)
    unmatched = Unmatched({"roles"})
    unmatched.report("accounts", error)
    assert unmatched.notes == [
        'You have no account "x" (--account). This option was saved by an earlier run.'
    ]
