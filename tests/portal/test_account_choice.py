"""An account is found by its name or ID. Otherwise the error lists the candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin import ConfigError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.emulator import Account as EmulatorAccount
from sso_plugin.emulator import Assignment, Organization, User
from sso_plugin.portal.account_choice import Wanted, choose, matching, suggestions
from sso_plugin.portal.responses import Account

if TYPE_CHECKING:
    from world import World

PRODUCTION = Account("111111111111", "production", "p@example.com")
STAGING = Account("222222222222", "Staging", "s@example.com")
TWINS = [Account("333333333333", "twin", "a@b"), Account("444444444444", "twin", "")]
ACCOUNTS = [PRODUCTION, STAGING, *TWINS]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("111111111111", [PRODUCTION]),
        ("production", [PRODUCTION]),
        ("PRODUCTION", [PRODUCTION]),
        ("staging", [STAGING]),
        ("twin", TWINS),
        ("missing", []),
    ],
)
def test_an_account_matches_by_id_or_name(text: str, expected: list[Account]) -> None:
    """Case is ignored unless a name matches exactly."""
    assert matching(ACCOUNTS, text) == expected


def test_an_exact_match_has_priority() -> None:
    """Over a name that differs by case, and an ID over a name."""
    lower = Account("555555555555", "staging", "")
    named_like_an_id = Account("666666666666", "111111111111", "")
    accounts = [*ACCOUNTS, lower, named_like_an_id]
    assert matching(accounts, "staging") == [lower]
    assert matching(accounts, "111111111111") == [PRODUCTION]


def error(wanted: Wanted, accounts: list[Account]) -> str:
    with pytest.raises(ConfigError) as caught:
        choose(accounts, wanted)
    return str(caught.value)


OF_PROFILE = Wanted("twin", 'The profile "dev"', "sso_account_name", "sso_account_id")


def test_the_account_of_a_profile_is_named_by_its_key_and_file() -> None:
    """So that the error says what to change, and where."""
    profile = SsoProfile("dev", "https://x", "eu-central-1", account_name="prod")
    wanted = Wanted.of(profile)
    assert (wanted.text, wanted.asker) == ("prod", 'The profile "dev"')
    assert wanted.name_key.startswith("sso_account_name in ")
    assert wanted.id_key.startswith("sso_account_id in ")


def test_several_accounts_with_the_name_are_an_error() -> None:
    """It lists their IDs, with what distinguishes them."""
    ids = "333333333333 (twin, a@b), 444444444444 (twin)."
    assert error(Wanted("twin"), ACCOUNTS) == (
        f'2 accounts are named "twin". Use one of these IDs: {ids}'
    )
    assert error(OF_PROFILE, ACCOUNTS) == (
        'The profile "dev" asks for the account "twin", but 2 accounts have this name. '
        f"Set sso_account_id to one of: {ids}"
    )


def test_an_unknown_account_is_an_error() -> None:
    """It lists the most similar names first."""
    names = "production, Staging."
    accounts = [PRODUCTION, STAGING]
    assert error(Wanted("prod"), accounts) == f'No account named "prod". Available: {names}'
    assert error(Wanted("9" * 12), accounts).startswith('No account with the ID "999999999999".')
    assert error(OF_PROFILE._replace(text="prod"), accounts) == (
        'The profile "dev" asks for the account "prod", which this user does not have. '
        f"Set sso_account_name to one of: {names}"
    )


def test_a_user_without_accounts_has_no_candidates() -> None:
    """The error says so."""
    assert error(Wanted("prod"), []) == 'No account named "prod". Available: none.'
    assert error(OF_PROFILE, []) == (
        'The profile "dev" asks for the account "twin", but this user has no accounts.'
    )


def test_ten_suggestions_are_listed() -> None:
    """The most similar ones, and the number of the others."""
    names = [f"account-{number:03}" for number in range(120)]
    text = suggestions(names, "acount-042")
    assert "account-042, " in text
    assert text.endswith(", and 110 more")
    assert text.count("account-") == 10


def test_suggestions_are_sorted_and_unique() -> None:
    """In any order of the names."""
    assert suggestions(["b", "a", "b"], "b") == "a, b"
    assert suggestions([], "a") == ""


def test_a_listing_of_an_unknown_account_is_an_error(world: World) -> None:
    """With the names of the portal."""
    world.sign_in()
    with pytest.raises(ConfigError) as caught:
        list(sso_plugin.roles("prodution", "dev"))
    assert str(caught.value) == (
        'No account named "prodution". Available: production, staging, sandbox.'
    )


@pytest.mark.long
def test_a_user_without_accounts_has_empty_listings(world: World) -> None:
    """And an error if an account is named."""
    empty = Organization((User("alice"),), (), (), ())
    world.sign_in()
    world.emulator.state.assignments = type(world.emulator.state.assignments)(empty)
    assert list(sso_plugin.roles(profile_name="dev")) == []
    with pytest.raises(ConfigError, match="Available: none"):
        list(sso_plugin.roles("production", "dev"))


def test_a_listing_of_an_ambiguous_account_lists_the_ids(world: World) -> None:
    """With their emails."""
    twins = (
        EmulatorAccount("444444444444", "twin", "one@example.com"),
        EmulatorAccount("555555555555", "twin", "two@example.com"),
    )
    assignments = tuple(Assignment("alice", each.account_id, "ReadOnlyAccess") for each in twins)
    world.emulator.reset(Organization((User("alice"),), twins, (), assignments))
    world.configure(world.emulator.profile())
    world.sign_in()
    with pytest.raises(ConfigError) as caught:
        list(sso_plugin.roles("twin", "dev"))
    assert str(caught.value) == (
        '2 accounts are named "twin". Use one of these IDs: '
        "444444444444 (twin, one@example.com), 555555555555 (twin, two@example.com)."
    )
