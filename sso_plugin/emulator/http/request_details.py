"""What the request log has of a request besides the operation. It contains no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..state.request_log import token_id
from .json_bodies import parse_json

if TYPE_CHECKING:
    from werkzeug import Request

__all__ = ["RequestDetails", "details_of"]


class RequestDetails(NamedTuple):
    """Account, role, grant type and token id of a request; None for what it does not have."""

    account_id: str | None
    role: str | None
    grant_type: str | None
    token: str | None


def details_of(request: Request) -> RequestDetails:
    """Return the details of a request, which may be invalid."""
    bearer = request.headers.get("x-amz-sso_bearer_token")
    return RequestDetails(
        account_id=request.args.get("account_id"),
        role=request.args.get("role_name"),
        grant_type=_grant_type(request) if request.path == "/token" else None,
        token=token_id(bearer) if bearer else None,
    )


def _grant_type(request: Request) -> str | None:
    body = parse_json(request.get_data())
    grant_type = body.get("grantType") if isinstance(body, dict) else None
    return grant_type if isinstance(grant_type, str) else None
