"""Find the operation that a request asks for, by its method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ..control import control_routes
from . import (
    authorize_page,
    device_page,
    federation_endpoint,
    oidc_service,
    portal_service,
    sts_service,
    vanity_redirects,
)
from .operation import UNKNOWN_OPERATION

if TYPE_CHECKING:
    from werkzeug import Request

    from ..state.organization import Organization
    from .operation import Operation

__all__ = ["find_operation"]

_ROUTES = (
    *portal_service.ROUTES,
    *oidc_service.ROUTES,
    *device_page.ROUTES,
    *authorize_page.ROUTES,
    *control_routes.ROUTES,
)

_MAP = Map(
    [Rule(path, methods=[method], endpoint=operation) for method, path, operation in _ROUTES]
)


def find_operation(organization: Organization, request: Request) -> Operation:
    """Return the operation of a request; `UNKNOWN_OPERATION` if there is no other."""
    # STS has no paths: its requests name an action in the query or in the form.
    if request.path == "/":
        from_browser = request.method == "GET" and not request.query_string
        return device_page.HOME if from_browser else sts_service.find_operation(request)

    if request.path in federation_endpoint.PATHS and request.method in {"GET", "POST"}:
        return federation_endpoint.find_operation(request)

    try:
        operation, _ = _MAP.bind_to_environ(request.environ).match()
    except HTTPException:
        return vanity_redirects.find_operation(organization, request) or UNKNOWN_OPERATION

    return cast("Operation", operation)
