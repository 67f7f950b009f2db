"""Paginators work with our data as with the data of botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import PaginationError
from stock import Client, Pair, comparable, make_pair

from sso_plugin.emulator import Emulator, Organization

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Node = dict[str, Any]

ROLES = tuple(f"Role{number}" for number in range(1, 8))
ACCOUNT = "000000000001"


class Listing(NamedTuple):
    """One of the two listings: its method, its parameters and its entries."""

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
    """Return the emulator after a reset."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def pair(running: Emulator, slim_data: Path) -> Pair:
    """Return both clients of the portal."""
    return make_pair(slim_data, "sso", endpoint_url=running.url)


@pytest.fixture
def token(emulator: Emulator) -> str:
    """Return an access token of alice."""
    return emulator.sign_in("alice").access_token


def pages_of(client: Client, listing: Listing, token: str, **config: object) -> Any:
    """Return the pages of a listing."""
    paginator = client.get_paginator(listing.method)
    return paginator.paginate(accessToken=token, **listing.parameters, PaginationConfig=config)


def names_in(listing: Listing, response: Node) -> list[str]:
    """Return the names of the entries in a response."""
    return [entry[listing.name] for entry in response[listing.key]]


@every_listing
def test_only_the_listings_have_pages(pair: Pair, listing: Listing) -> None:
    """``can_paginate`` says so."""
    assert all(client.can_paginate(listing.method) for client in pair)
    assert not any(client.can_paginate("get_role_credentials") for client in pair)
    assert not any(client.can_paginate("logout") for client in pair)


@pytest.mark.one_quick_case
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
def test_pages_have_the_same_size(
    pair: Pair, token: str, listing: Listing, config: Node, sizes: list[int]
) -> None:
    """``PageSize`` and ``MaxItems`` give the same pages, and the same full result."""
    pages = [[comparable(p) for p in pages_of(client, listing, token, **config)] for client in pair]
    full = [pages_of(client, listing, token, **config).build_full_result() for client in pair]

    assert pages[1] == pages[0]
    assert full[1] == full[0]
    assert [len(page[listing.key]) for page in pages[1]] == sizes
    assert names_in(listing, full[1]) == listing.entries[: sum(sizes)]


@pytest.mark.parametrize("config", [{"MaxItems": 2}, {"MaxItems": 4, "PageSize": 3}])
@every_listing
def test_a_listing_continues_from_its_token(
    pair: Pair, token: str, listing: Listing, config: Node
) -> None:
    """The ``NextToken`` of one client works with both, also in the middle of a page."""
    started = [pages_of(client, listing, token, **config).build_full_result() for client in pair]
    continued = [
        pages_of(client, listing, token, StartingToken=start["NextToken"]).build_full_result()
        for client in pair
        for start in started
    ]

    assert started[1] == started[0]
    rest = listing.entries[config["MaxItems"] :]
    assert [names_in(listing, result) for result in continued] == [rest] * 4
    assert not any("NextToken" in result for result in continued)


@every_listing
def test_a_listing_continues_from_the_token_of_the_service(
    pair: Pair, token: str, listing: Listing
) -> None:
    """A ``nextToken`` from a plain call works as ``StartingToken``, as in other services."""
    page = getattr(pair.ours, listing.method)(accessToken=token, maxResults=4, **listing.parameters)

    pages = pages_of(pair.ours, listing, token, StartingToken=page["nextToken"], PageSize=2)

    assert names_in(listing, pages.build_full_result()) == listing.entries[4:]


@every_listing
def test_search_uses_all_pages(pair: Pair, token: str, listing: Listing) -> None:
    """A JMESPath expression finds the same with both clients."""
    expression = f"{listing.key}[?ends_with({listing.name}, '3')].{listing.name}"

    stock, ours = (
        list(pages_of(client, listing, token, PageSize=2).search(expression)) for client in pair
    )

    assert ours == stock == [listing.entries[2]]


def test_an_invalid_token_raises_the_same_exception(pair: Pair, token: str) -> None:
    """With the same message."""
    errors = []
    for client in pair:
        with pytest.raises((client.exceptions.InvalidRequestException, PaginationError)) as caught:
            pages_of(client, LISTINGS[0], token, StartingToken="unknown").build_full_result()
        errors.append((caught.type.__name__, str(caught.value)))

    assert errors[1] == errors[0]
