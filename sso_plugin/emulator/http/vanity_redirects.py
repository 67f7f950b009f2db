"""Vanity URLs: a company's own addresses that redirect to its start URL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from .operation import Operation
from .page_layout import error_page

if TYPE_CHECKING:
    from ..state.emulator_state import State
    from ..state.identities import VanityUrl
    from ..state.organization import Organization

__all__ = ["find_operation"]


def find_operation(organization: Organization, request: Request) -> Operation | None:
    """Return the operation of a vanity URL or of one of its hops; None if the path is neither."""
    if request.method not in {"GET", "HEAD"}:
        return None

    for vanity in organization.vanity_urls:
        hops = _hop_paths(vanity)
        if request.path in hops:
            following = [*hops[1:], vanity.leads_to or organization.start_url]
            handle = partial(_redirect, vanity, following[hops.index(request.path)])
            return Operation("VanityRedirect", handle, error_page)

    return None


def _hop_paths(vanity: VanityUrl) -> list[str]:
    """Return the paths that a client visits: /vanity, /vanity/2 and so on."""
    return [vanity.path, *(f"{vanity.path}/{number}" for number in range(2, vanity.hops + 1))]


def _redirect(vanity: VanityUrl, location: str, _state: State, request: Request) -> Response:
    if request.method == "HEAD" and not vanity.head:
        return Response(status=405, headers={"Allow": "GET"})

    absolute = f"{request.host_url.rstrip('/')}{location}" if location[0] == "/" else location
    return Response(status=302, headers={"Location": absolute})
