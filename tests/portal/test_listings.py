"""Listings: every account and role exactly once, whatever the portal does meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin import AccountRole, ConfigError, LoginRequired, PortalError
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.emulator import Account, Assignment, Organization, User
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

    from sso_plugin.portal.listings import AccountsAndRoles

HOUR = 3600
FAST = "sso_requests_per_second = 5000\n"
ROLES = ("AdministratorAccess", "ReadOnlyAccess")


@pytest.fixture(autouse=True)
def _no_thread_is_left(world: World) -> Iterator[None]:
    """Hold for each test, however it ends."""
    yield
    for thread in threading.enumerate():
        if "listing" in thread.name:
            thread.join(15)
            assert not thread.is_alive()


def organize(world: World, organization: Organization, settings: str = FAST) -> None:
    """Sign in to another organization than the usual one, with a budget that slows nobody."""
    world.emulator.reset(organization)
    world.configure(world.emulator.profile() + settings)
    world.sign_in()


def expected_roles(world: World) -> list[AccountRole]:
    """Return what the organization says that alice has."""
    organization = world.emulator.organization
    return [
        AccountRole(account.account_id, account.name, each.role)
        for account in organization.accounts
        for each in organization.assignments
        if (each.user, each.account_id) == ("alice", account.account_id)
    ]


def listings(progress: Callable[[int, int], object] | None = None) -> AccountsAndRoles:
    return TokenSource(ConfiguredLogin.find("dev")).listings(progress)


def test_accounts_are_listed_over_all_pages(world: World) -> None:
    """In the portal's order, with what it says of each."""
    organize(world, Organization.generated(250))
    found = list(sso_plugin.accounts("dev"))
    assert [(each.account_id, each.name, each.email) for each in found] == [
        (each.account_id, each.name, each.email) for each in world.emulator.organization.accounts
    ]
    assert world.count("ListAccounts") == 3


def test_pages_are_asked_for_when_they_are_needed(world: World) -> None:
    """Whoever looks at the first account causes one request."""
    organize(world, Organization.generated(250))
    accounts = sso_plugin.accounts("dev")
    assert world.count("ListAccounts") == 0
    assert next(accounts).name == "account-00001"
    assert world.count("ListAccounts") == 1


def test_roles_are_listed_for_all_accounts(world: World) -> None:
    """In the order of the accounts."""
    world.sign_in()
    assert list(sso_plugin.roles(profile_name="dev")) == expected_roles(world)


def test_roles_are_listed_over_all_pages(world: World) -> None:
    """Also where an account has more of them than fit into one."""
    organize(world, Organization.generated(3, tuple(f"Role{index}" for index in range(7))))
    world.emulator.settings.page_size = 2
    assert list(sso_plugin.roles(profile_name="dev")) == expected_roles(world)


@pytest.mark.long
def test_a_thousand_accounts_with_a_portal_that_often_refuses(world: World) -> None:
    """Each role exactly once: refused pages are asked for again, and no other ones are."""
    organize(world, Organization.generated(1000))
    for operation in ("ListAccounts", "ListAccountRoles"):
        world.emulator.faults.add(operation, status=429, rate=0.004, seed=4)
        world.emulator.faults.add(operation, status=500, rate=0.1, seed=5)
    assert list(sso_plugin.roles(profile_name="dev")) == expected_roles(world)
    answers = Counter(each.status for each in world.emulator.requests)
    assert answers[200] == 10 + 1000
    assert answers[429] >= 1
    assert answers[500] >= 50


@pytest.mark.parametrize("wanted", ["production", "PRODUCTION", "111111111111"])
def test_roles_of_one_account(world: World, wanted: str) -> None:
    """By its name or its id; no other account is asked about."""
    world.sign_in()
    assert [role.role_name for role in sso_plugin.roles(wanted, "dev")] == list(ROLES)
    assert world.count("ListAccountRoles") == 1


def test_an_account_that_is_not_there_is_an_error(world: World) -> None:
    """Which lists those to choose from, the likeliest first."""
    world.sign_in()
    with pytest.raises(ConfigError) as caught:
        list(sso_plugin.roles("prodution", "dev"))
    assert str(caught.value) == (
        'The caller asks for the account "prodution", which this user does not have. '
        "Set account to one of: production, staging, sandbox."
    )


def test_a_user_without_any_account_is_told_so(world: World) -> None:
    """There is nothing to choose from."""
    nobody = Organization((User("alice"),), (), (), ())
    world.sign_in()
    world.emulator.state.assignments = type(world.emulator.state.assignments)(nobody)
    assert list(sso_plugin.roles(profile_name="dev")) == []
    with pytest.raises(ConfigError, match="but this user has no account at all"):
        list(sso_plugin.roles("production", "dev"))


def test_a_token_that_expires_in_the_middle_is_renewed_once(world: World) -> None:
    """All threads that find it expired go on with the one new token."""
    organize(world, Organization.generated(60))

    def progress(done: int, total: int) -> None:
        if (done, total) == (5, 60):
            world.emulator.clock.advance(8 * HOUR + 1)

    found = sso_plugin.roles(profile_name="dev", progress=progress)
    assert list(found) == expected_roles(world)
    assert world.count("CreateToken") == 1


def test_a_sign_in_that_ends_in_the_middle_needs_a_login(world: World) -> None:
    """The consumer is told, and nothing goes on behind its back."""
    organize(world, Organization.generated(60))

    def progress(done: int, _: int) -> None:
        if done == 5:
            world.emulator.revoke("alice")

    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        list(sso_plugin.roles(profile_name="dev", progress=progress))


def test_an_account_that_is_taken_away_in_the_middle_has_no_roles(world: World) -> None:
    """The others are listed all the same."""
    world.sign_in()
    before = expected_roles(world)

    def progress(done: int, _: int) -> None:
        if done == 0:
            world.emulator.unassign("alice", "222222222222", "AdministratorAccess")

    found = list(sso_plugin.roles(profile_name="dev", progress=progress))
    assert found == [each for each in before if each.account_id != "222222222222"]


def test_progress_is_told_to_whoever_wants_it(world: World) -> None:
    """From none to all accounts, each before its roles come."""
    world.sign_in()
    told: list[object] = []
    found = listings(lambda *numbers: told.append(numbers)).roles()
    told.extend(role.account_name for role in found)
    assert told == [
        (0, 3),
        (1, 3),
        *["production"] * 2,
        (2, 3),
        "staging",
        (3, 3),
        "sandbox",
    ]


def test_progress_of_accounts_is_told_page_by_page(world: World) -> None:
    """How many there will be, nobody knows."""
    world.sign_in()
    world.emulator.settings.page_size = 2
    told: list[tuple[int, int]] = []
    list(sso_plugin.accounts("dev", progress=lambda *numbers: told.append(numbers)))
    assert told == [(2, 2), (3, 3)]


def test_work_is_done_ahead_of_the_consumer_but_not_far(world: World) -> None:
    """Whoever stops after the first role has not caused requests for all accounts."""
    organize(world, Organization.generated(200))
    found = sso_plugin.roles(profile_name="dev")
    assert next(found).account_name == "account-00001"
    time.sleep(0.3)
    assert world.count("ListAccountRoles") <= 20
    found.close()  # type: ignore[attr-defined]


def test_accounts_are_worked_on_concurrently(world: World) -> None:
    """Ten requests that take their time take it together."""
    organize(world, Organization.generated(10))
    world.emulator.faults.add("ListAccountRoles", latency=0.5)
    roles = list(sso_plugin.roles(profile_name="dev"))
    log = world.emulator.requests
    times = [each.time for each in log if each.operation == "ListAccountRoles"]
    assert len(roles) == 20
    assert len(times) == 10
    assert max(times) - min(times) < 9 * 0.5


def test_a_listing_that_is_let_go_of_ends(world: World) -> None:
    """Also without being closed: nobody holds it any more."""
    organize(world, Organization.generated(50))
    for _ in sso_plugin.roles(profile_name="dev"):
        break
    asked = world.count("ListAccountRoles")
    time.sleep(0.2)
    assert world.count("ListAccountRoles") == asked


@pytest.mark.parametrize("status", [503, 429])
def test_a_portal_that_always_fails_is_an_error_at_last(world: World, status: int) -> None:
    """After six requests for one page: they are retried in one place only."""
    world.sign_in()
    world.emulator.faults.add("ListAccounts", status=status)
    with pytest.raises(PortalError, match="was refused ListAccounts"):
        list(listings().accounts())
    assert world.count("ListAccounts") == 6


def test_a_portal_that_is_not_there_is_an_error_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person waits for it."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    with pytest.raises(PortalError, match="cannot reach"):
        list(listings().accounts())
    assert world.count("ListAccounts") == 0


def test_an_sso_session_can_be_listed_without_a_profile(world: World) -> None:
    """There is a login before there is any profile."""
    world.sign_in()
    assert len(list(sso_plugin.accounts(sso_session="corp"))) == 3
    assert len(list(sso_plugin.roles(sso_session="corp"))) == 4


def test_a_profile_that_does_not_exist_is_an_error_at_once(world: World) -> None:
    """Not only when the first account is wanted."""
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError, match='The profile "plain" has no SSO configuration'):
        sso_plugin.accounts("plain")


def test_accounts_of_one_name_are_told_apart_by_their_id(world: World) -> None:
    """The error lists both, with what tells them apart."""
    twins = (
        Account("444444444444", "twin", "one@example.com"),
        Account("555555555555", "twin", "two@example.com"),
    )
    assignments = tuple(Assignment("alice", each.account_id, "ReadOnlyAccess") for each in twins)
    organize(world, Organization((User("alice"),), twins, (), assignments))
    with pytest.raises(ConfigError) as caught:
        list(sso_plugin.roles("twin", "dev"))
    assert str(caught.value) == (
        'The caller asks for the account "twin", of which there are 2. Set account to one of: '
        "444444444444 (twin, one@example.com), 555555555555 (twin, two@example.com)."
    )
