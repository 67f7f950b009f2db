"""Paginators and the waiter work from our data as they do from botocore's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import PaginationError
from stock import Client, Pair, comparable, make_pair, make_slim_data

from sso_plugin.emulator import Emulator, Organization

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]

ROLES = tuple(f"Role{number}" for number in range(1, 8))
ACCOUNT = "000000000001"


class Listing(NamedTuple):
    """One of the two listings: how to ask for it, and what is in it."""

    method: str
    parameters: Node
    key: str
    name: str
    entries: list[str]


LISTINGS = [
    Listing("list_accounts", {}, "accountList", "accountId", [f"{n:012}" for n in range(1, 8)]),
    Listing("list_account_roles", {"accountId": ACCOUNT}, "roleList", "roleName", list(ROLES)),
]

every_listing = pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.method)


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """Start an Identity Center with seven accounts, and seven roles in each."""
    with Emulator(Organization.generated(7, ROLES)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """Hand out the emulator as if it had just been started."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def pair(running: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Make both clients of the portal."""
    slim_data = make_slim_data(tmp_path_factory.mktemp("slim") / "data")
    return make_pair(slim_data, "sso", endpoint_url=running.url)


@pytest.fixture
def token(emulator: Emulator) -> str:
    """Sign in."""
    return emulator.sign_in("alice").access_token


def pages_of(client: Client, listing: Listing, token: str, **config: object) -> Any:
    """Begin to page through a listing."""
    paginator = client.get_paginator(listing.method)
    return paginator.paginate(accessToken=token, **listing.parameters, PaginationConfig=config)


def names_in(listing: Listing, answer: Node) -> list[str]:
    """Tell the names of the entries in an answer."""
    return [entry[listing.name] for entry in answer[listing.key]]


@every_listing
def test_both_listings_and_nothing_else_can_be_paged(pair: Pair, listing: Listing) -> None:
    """``can_paginate`` tells a listing from a call that has no pages."""
    assert all(client.can_paginate(listing.method) for client in pair)
    assert not any(client.can_paginate("get_role_credentials") for client in pair)
    assert not any(client.can_paginate("logout") for client in pair)


@pytest.mark.parametrize(
    ("config", "sizes"),
    [
        ({}, [7]),
        ({"PageSize": 3}, [3, 3, 1]),
        ({"MaxItems": 5}, [5]),
        ({"MaxItems": 5, "PageSize": 3}, [3, 2]),
        ({"MaxItems": 6, "PageSize": 3}, [3, 3]),
        ({"MaxItems": 100, "PageSize": 100}, [7]),
        ({"MaxItems": 0}, [0]),
    ],
)
@every_listing
def test_pages_are_cut_the_same_way(
    pair: Pair, token: str, listing: Listing, config: Node, sizes: list[int]
) -> None:
    """``PageSize`` and ``MaxItems`` shape the same pages, and the same full result."""
    pages = [[comparable(p) for p in pages_of(client, listing, token, **config)] for client in pair]
    full = [pages_of(client, listing, token, **config).build_full_result() for client in pair]

    assert pages[1] == pages[0]
    assert full[1] == full[0]
    assert [len(page[listing.key]) for page in pages[1]] == sizes
    assert names_in(listing, full[1]) == listing.entries[: sum(sizes)]


@pytest.mark.parametrize("config", [{"MaxItems": 2}, {"MaxItems": 4, "PageSize": 3}])
@every_listing
def test_a_listing_is_resumed_from_its_token(
    pair: Pair, token: str, listing: Listing, config: Node
) -> None:
    """The ``NextToken`` of one client takes up the listing on either, in the middle of a page."""
    begun = [pages_of(client, listing, token, **config).build_full_result() for client in pair]
    resumed = [
        pages_of(client, listing, token, StartingToken=begin["NextToken"]).build_full_result()
        for client in pair
        for begin in begun
    ]

    assert begun[1] == begun[0]
    rest = listing.entries[config["MaxItems"] :]
    assert [names_in(listing, result) for result in resumed] == [rest] * 4
    assert not any("NextToken" in result for result in resumed)


@every_listing
def test_the_service_own_token_resumes_as_well(pair: Pair, token: str, listing: Listing) -> None:
    """A ``nextToken`` from a plain call is good as ``StartingToken``, as it is everywhere."""
    page = getattr(pair.ours, listing.method)(accessToken=token, maxResults=4, **listing.parameters)

    pages = pages_of(pair.ours, listing, token, StartingToken=page["nextToken"], PageSize=2)

    assert names_in(listing, pages.build_full_result()) == listing.entries[4:]


@every_listing
def test_search_runs_over_all_pages(pair: Pair, token: str, listing: Listing) -> None:
    """A JMESPath expression finds the same on both, whatever the size of the pages."""
    expression = f"{listing.key}[?ends_with({listing.name}, '3')].{listing.name}"

    stock, ours = (
        list(pages_of(client, listing, token, PageSize=2).search(expression)) for client in pair
    )

    assert ours == stock == [listing.entries[2]]


def test_a_nonsensical_token_is_refused_alike(pair: Pair, token: str) -> None:
    """What was never a token raises the same exception on both."""
    refusals = []
    for client in pair:
        with pytest.raises((client.exceptions.InvalidRequestException, PaginationError)) as caught:
            pages_of(client, LISTINGS[0], token, StartingToken="made up").build_full_result()
        refusals.append((caught.type.__name__, str(caught.value)))

    assert refusals[1] == refusals[0]
