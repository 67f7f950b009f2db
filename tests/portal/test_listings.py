"""Listings have each account and role exactly once, also if the portal fails meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hostile import ACCOUNTS
from world import wait_until

import sso_plugin
from sso_plugin import AccountRole, ConfigError, LoginRequired, PortalError
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.emulator import Organization
from sso_plugin.signin.configured_login import ConfiguredLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostile import HostilePortal
    from world import World

    from sso_plugin.portal.listings import AccountsAndRoles

HOUR = 3600
FAST = "sso_requests_per_second = 5000\n"
ROLES = ("AdministratorAccess", "ReadOnlyAccess")


def listing_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if "listing" in each.name]


@pytest.fixture(autouse=True)
def _no_thread_is_left(world: World) -> Iterator[None]:
    """Check after each test that its threads have ended."""
    yield
    for thread in listing_threads():
        thread.join(60)
        assert not thread.is_alive()


def organize(world: World, organization: Organization, settings: str = FAST) -> None:
    """Sign in to another organization, with a request rate that is never reached."""
    world.emulator.reset(organization)
    world.configure(world.emulator.profile() + settings)
    world.sign_in()


def expected_roles(world: World) -> list[AccountRole]:
    """Return the roles of alice, from the organization of the emulator."""
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
    """In the portal's order, with ID, name and email."""
    organize(world, Organization.generated(250))
    found = list(sso_plugin.accounts("dev"))
    assert [(each.account_id, each.name, each.email) for each in found] == [
        (each.account_id, each.name, each.email) for each in world.emulator.organization.accounts
    ]
    assert world.count("ListAccounts") == 3


def test_a_page_is_requested_when_it_is_needed(world: World) -> None:
    """The first account needs one request."""
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
    """An account may have more roles than a page."""
    organize(world, Organization.generated(3, tuple(f"Role{index}" for index in range(7))))
    world.emulator.settings.page_size = 2
    assert list(sso_plugin.roles(profile_name="dev")) == expected_roles(world)


@pytest.mark.long
@pytest.mark.parametrize("number", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_failed_requests_are_retried_and_no_others(world: World, number: int) -> None:
    """Each role is listed exactly once, also if the portal often returns 429 and 500."""
    organize(world, Organization.generated(number))
    world.emulator.settings.page_size = 10
    for operation in ("ListAccounts", "ListAccountRoles"):
        world.emulator.faults.add(operation, status=429, rate=4 / number, seed=4)
        # So rarely that no request fails six times, in whichever order they come.
        world.emulator.faults.add(operation, status=500, rate=0.05, seed=5)
    assert list(sso_plugin.roles(profile_name="dev")) == expected_roles(world)
    statuses = Counter(each.status for each in world.emulator.requests)
    assert statuses[200] == number / 10 + number
    assert statuses[429] >= 1
    assert statuses[500] >= number / 40


@pytest.mark.parametrize("wanted", ["production", "PRODUCTION", "111111111111"])
def test_roles_of_one_account(world: World, wanted: str) -> None:
    """By its name or ID. No request is sent for other accounts."""
    world.sign_in()
    assert [role.role_name for role in sso_plugin.roles(wanted, "dev")] == list(ROLES)
    assert world.count("ListAccountRoles") == 1


@pytest.mark.long
def test_a_token_that_expires_meanwhile_is_renewed_once(world: World) -> None:
    """All threads continue with the new token."""
    organize(world, Organization.generated(60))

    def progress(done: int, total: int) -> None:
        if (done, total) == (5, 60):
            world.emulator.clock.advance(8 * HOUR + 1)

    found = sso_plugin.roles(profile_name="dev", progress=progress)
    assert list(found) == expected_roles(world)
    assert world.count("CreateToken") == 1


@pytest.mark.long
def test_a_listing_raises_an_error_if_the_login_is_revoked_meanwhile(world: World) -> None:
    """No thread continues after that."""
    organize(world, Organization.generated(60))

    def progress(done: int, _: int) -> None:
        if done == 5:
            world.emulator.revoke("alice")

    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        list(sso_plugin.roles(profile_name="dev", progress=progress))


def test_an_account_that_is_unassigned_meanwhile_has_no_roles(world: World) -> None:
    """The others are listed."""
    world.sign_in()
    before = expected_roles(world)

    def progress(done: int, _: int) -> None:
        if done == 0:
            world.emulator.unassign("alice", "222222222222", "AdministratorAccess")

    found = list(sso_plugin.roles(profile_name="dev", progress=progress))
    assert found == [each for each in before if each.account_id != "222222222222"]


def test_progress_is_reported_for_each_account(world: World) -> None:
    """From none to all, each before its roles."""
    world.sign_in()
    calls: list[object] = []
    found = listings(lambda *numbers: calls.append(numbers)).roles()
    calls.extend(role.account_name for role in found)
    assert calls == [
        (0, 3),
        (1, 3),
        *["production"] * 2,
        (2, 3),
        "staging",
        (3, 3),
        "sandbox",
    ]


def test_progress_of_accounts_is_reported_for_each_page(world: World) -> None:
    """Their number is not known before the last page."""
    world.sign_in()
    world.emulator.settings.page_size = 2
    calls: list[tuple[int, int]] = []
    list(sso_plugin.accounts("dev", progress=lambda *numbers: calls.append(numbers)))
    assert calls == [(2, 2), (3, 3)]


@pytest.mark.long
def test_few_roles_are_requested_ahead_of_the_caller(world: World) -> None:
    """A caller that stops after the first role does not cause requests for all accounts."""
    organize(world, Organization.generated(200))
    found = sso_plugin.roles(profile_name="dev")
    assert next(found).account_name == "account-00001"
    found.close()  # type: ignore[attr-defined]
    assert world.count("ListAccountRoles") <= 20


@pytest.mark.long
def test_roles_of_several_accounts_are_requested_at_the_same_time(world: World) -> None:
    """The tenth request does not wait for the response to the first one."""
    organize(world, Organization.generated(10))
    world.emulator.faults.add("ListAccountRoles", kind="hang", times=10)
    with ThreadPoolExecutor(1) as pool:
        roles = pool.submit(lambda: list(sso_plugin.roles(profile_name="dev")))
        try:
            # All have arrived, and none has its response.
            wait_until(lambda: not world.emulator.faults.pending())
            assert world.count("ListAccountRoles") == 0
        finally:
            world.emulator.faults.clear()
        assert len(roles.result(60)) == 20
    assert world.count("ListAccountRoles") == 10


@pytest.mark.long
def test_a_listing_that_is_not_used_any_longer_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without being closed: the generator is garbage collected."""
    monkeypatch.setattr("sso_plugin.portal.concurrent_map._END_TIMEOUT", 60.0)
    organize(world, Organization.generated(50))
    for _ in sso_plugin.roles(profile_name="dev"):
        break
    # The end of the generator has waited for the requests that had started.
    asked = world.count("ListAccountRoles")
    assert listing_threads() == []
    assert world.count("ListAccountRoles") == asked <= 21


@pytest.mark.long
@pytest.mark.parametrize("status", [429, pytest.param(503, marks=pytest.mark.long)])
def test_a_portal_that_always_fails_is_an_error(world: World, status: int) -> None:
    """After six requests for one page. Only one layer retries."""
    world.sign_in()
    world.emulator.faults.add("ListAccounts", status=status)
    with pytest.raises(PortalError, match="was refused ListAccounts"):
        list(listings().accounts())
    assert world.count("ListAccounts") == 6


def test_an_unreachable_portal_is_an_error_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user waits for it."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    with pytest.raises(PortalError, match="cannot reach"):
        list(listings().accounts())
    assert world.count("ListAccounts") == 0


@pytest.mark.long
def test_an_sso_session_can_be_listed_without_a_profile(world: World) -> None:
    """A user has a login before the first profile."""
    world.sign_in()
    assert len(list(sso_plugin.accounts(sso_session="corp"))) == 3
    assert len(list(sso_plugin.roles(sso_session="corp"))) == 4


def test_a_profile_that_does_not_exist_is_an_error_at_once(world: World) -> None:
    """Before the first account is requested."""
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError, match='The profile "plain" has no SSO configuration'):
        sso_plugin.accounts("plain")


def test_a_list_whose_pages_repeat_is_an_error(portal: HostilePortal) -> None:
    """Also if the circle has several pages."""
    tokens = ["b", "a"]

    def circle(response: dict[str, Any]) -> dict[str, Any]:
        tokens.append(tokens.pop(0))
        return {**response, "nextToken": tokens[0]}

    portal.change[ACCOUNTS] = circle
    with pytest.raises(PortalError, match="got an endless list"):
        list(sso_plugin.accounts("dev"))
    assert portal.asked.count(ACCOUNTS) == 3


@pytest.mark.long
def test_a_list_with_too_many_pages_is_an_error(
    portal: HostilePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No portal has so many."""
    monkeypatch.setattr("sso_plugin.portal.listings._MAX_PAGES", 5)
    portal.change[ACCOUNTS] = lambda response: {**response, "nextToken": f"{len(portal.asked)}"}
    with pytest.raises(PortalError, match="it has more than 5 pages"):
        list(sso_plugin.accounts("dev"))
