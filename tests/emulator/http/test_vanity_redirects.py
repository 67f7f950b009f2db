"""Vanity URLs, which redirect to the start URL."""

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
    """Give the organization three vanity URLs."""
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
def test_a_vanity_url_redirects_to_the_start_url(
    url: str, browse: Browse, sso_emulator: Emulator, method: str
) -> None:
    """For GET and HEAD. It is not an unknown request."""
    response = browse(method, f"{url}/vanity")

    assert (response.status, response.headers["Location"]) == (302, sso_emulator.start_url)
    assert sso_emulator.requests.count("VanityRedirect") == 1


def test_a_vanity_url_can_take_several_hops(
    url: str, browse: Browse, sso_emulator: Emulator
) -> None:
    """Each has its own path."""
    seen = [f"{url}/far"]
    while seen[-1] != sso_emulator.start_url:
        seen.append(browse("GET", seen[-1]).headers["Location"])

    assert seen == [f"{url}/far", f"{url}/far/2", f"{url}/far/3", sso_emulator.start_url]


def test_a_vanity_url_can_reject_head(url: str, browse: Browse) -> None:
    """A client then has to use GET."""
    response = browse("HEAD", f"{url}/far")

    assert (response.status, response.headers["Allow"]) == (405, "GET")


def test_a_vanity_url_can_redirect_to_another_host(url: str, browse: Browse) -> None:
    """A client has to check the target."""
    assert browse("GET", f"{url}/foreign").headers["Location"] == "https://evil.example/start"


@pytest.mark.parametrize(("method", "path"), [("POST", "/vanity"), ("GET", "/vanity/2")])
def test_other_methods_and_paths_are_unknown(
    url: str, browse: Browse, sso_emulator: Emulator, method: str, path: str
) -> None:
    """They fail the test that requests them."""
    assert browse(method, url + path).status == 404

    with pytest.raises(AssertionError, match=f"Unknown request: {method} {path}"):
        sso_emulator.check()

    sso_emulator.reset()
