"""What the log keeps of a request besides its name: whom and what it is about, but no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..state.request_log import token_id
from .web import parsed

if TYPE_CHECKING:
    from werkzeug import Request


class Subject(NamedTuple):
    """What was asked for, by whose token; None for what the request does not say."""

    account_id: str | None
    role: str | None
    grant_type: str | None
    token: str | None


def subject_of(request: Request) -> Subject:
    """Read a request; whether it makes sense is for others to say."""
    bearer = request.headers.get("x-amz-sso_bearer_token")
    return Subject(
        account_id=request.args.get("account_id"),
        role=request.args.get("role_name"),
        grant_type=_grant_type(request) if request.path == "/token" else None,
        token=token_id(bearer) if bearer else None,
    )


def _grant_type(request: Request) -> str | None:
    body = parsed(request.get_data())
    grant_type = body.get("grantType") if isinstance(body, dict) else None
    return grant_type if isinstance(grant_type, str) else None
