"""Which operation a request asks for, by method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ..control import control
from . import consent, federation, oidc, pages, portal, sts, vanity
from .web import NOT_KNOWN

if TYPE_CHECKING:
    from werkzeug import Request

    from ..state.organization import Organization
    from .web import Operation

_ROUTES = (
    *portal.ROUTES,
    *oidc.ROUTES,
    *pages.ROUTES,
    *consent.ROUTES,
    *control.ROUTES,
)

_MAP = Map(
    [Rule(path, methods=[method], endpoint=operation) for method, path, operation in _ROUTES]
)


def find(organization: Organization, request: Request) -> Operation:
    """Return the operation; a request that names none has one too, which refuses it."""
    if request.path == "/":
        visitor = request.method == "GET" and not request.query_string
        return pages.HOME if visitor else sts.find_operation(request)

    if request.path == "/federation" and request.method in {"GET", "POST"}:
        return federation.find_operation(request)

    try:
        operation, _ = _MAP.bind_to_environ(request.environ).match()
    except HTTPException:
        return vanity.find_operation(organization, request) or NOT_KNOWN

    return cast("Operation", operation)
