"""Vanity start URLs, as a client follows them to the real one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.emulator import Emulator, Organization, VanityUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    Browse = Callable[..., Any]


@pytest.fixture
def url(sso_emulator: Emulator) -> str:
    """Give the organization three addresses of its own."""
    sso_emulator.reset(
        replace(
            Organization.example(),
            vanity_urls=(
                VanityUrl("/vanity"),
                VanityUrl("/far", hops=3, head=False),
                VanityUrl("/foreign", leads_to="https://evil.example/start"),
            ),
        )
    )
    return sso_emulator.url


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_vanity_url_leads_to_the_start_url(
    url: str, browse: Browse, sso_emulator: Emulator, method: str
) -> None:
    """Whichever way it is asked, and it is no unknown request."""
    answer = browse(method, f"{url}/vanity")

    assert (answer.status, answer.headers["Location"]) == (302, sso_emulator.start_url)
    assert sso_emulator.requests.count("VanityRedirect") == 1


def test_a_vanity_url_can_take_several_hops(
    url: str, browse: Browse, sso_emulator: Emulator
) -> None:
    """Each with an address of its own."""
    seen = [f"{url}/far"]
    while seen[-1] != sso_emulator.start_url:
        seen.append(browse("GET", seen[-1]).headers["Location"])

    assert seen == [f"{url}/far", f"{url}/far/2", f"{url}/far/3", sso_emulator.start_url]


def test_a_vanity_url_can_refuse_head(url: str, browse: Browse) -> None:
    """So that a client must ask with GET."""
    answer = browse("HEAD", f"{url}/far")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_a_vanity_url_can_lead_astray(url: str, browse: Browse) -> None:
    """A client should look where it lands."""
    assert browse("GET", f"{url}/foreign").headers["Location"] == "https://evil.example/start"


@pytest.mark.parametrize(("method", "path"), [("POST", "/vanity"), ("GET", "/vanity/2")])
def test_anything_else_is_unknown(
    url: str, browse: Browse, sso_emulator: Emulator, method: str, path: str
) -> None:
    """And fails the test that asked for it."""
    assert browse(method, url + path).status == 404

    with pytest.raises(AssertionError, match=f"Unknown request: {method} {path}"):
        sso_emulator.check()

    sso_emulator.reset()
