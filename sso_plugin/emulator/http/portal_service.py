"""The service `sso`, called the portal: accounts, roles and role credentials for a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Request, Response

from ..state.service_errors import ServiceError
from .json_bodies import error_headers, json_response
from .operation import Operation, Route
from .parameters import required_parameter

if TYPE_CHECKING:
    from ..state.emulator_state import State
    from ..state.issued_tokens import Token

__all__ = ["ROUTES"]

_INVALID = "InvalidRequestException"
"""The error code for an invalid request."""


def get_role_credentials(state: State, request: Request) -> Response:
    """Return the credentials of a role that is assigned to the user of the token."""
    user = _authenticate(state, request).user
    account_id = required_parameter(request, "account_id", _INVALID)
    role = required_parameter(request, "role_name", _INVALID)
    if role not in state.assignments.roles(user, account_id):
        raise ServiceError("ForbiddenException", "No access")

    credentials = state.issue_role_credentials(user, account_id, role)
    return json_response(
        {
            "roleCredentials": {
                "accessKeyId": credentials.access_key_id,
                "secretAccessKey": credentials.secret_access_key,
                "sessionToken": credentials.session_token,
                "expiration": round(credentials.expires_at * 1000),
            }
        }
    )


def list_accounts(state: State, request: Request) -> Response:
    """Return the accounts in which the user has a role."""
    user = _authenticate(state, request).user
    accounts = [
        {"accountId": each.account_id, "accountName": each.name, "emailAddress": each.email}
        for each in state.assignments.accounts(user)
    ]
    return _page(state, request, accounts, "accountList", list_id=f"accounts of {user}")


def list_account_roles(state: State, request: Request) -> Response:
    """Return the roles of the user in an account."""
    user = _authenticate(state, request).user
    account_id = required_parameter(request, "account_id", _INVALID)
    roles = [
        {"roleName": role, "accountId": account_id}
        for role in state.assignments.roles(user, account_id)
    ]
    if not roles:
        raise ServiceError("ForbiddenException", "No access")

    return _page(state, request, roles, "roleList", list_id=f"roles of {user} in {account_id}")


def logout(state: State, request: Request) -> Response:
    """Revoke the sign-in of the token."""
    state.tokens.revoke(_authenticate(state, request))
    return Response(status=200)


def error_response(error: ServiceError) -> Response:
    """Return an error in the format of the portal."""
    return json_response({"message": error.message}, error.status, error_headers(error))


def _authenticate(state: State, request: Request) -> Token:
    token = state.tokens.find(request.headers.get("x-amz-sso_bearer_token", ""))
    if token is None:
        raise ServiceError("UnauthorizedException", "Session token not found or invalid")

    state.rate_limit.check(token.user)
    return token


def _page(
    state: State, request: Request, items: list[dict[str, str]], key: str, *, list_id: str
) -> Response:
    size = min(_max_result(request, state.settings.page_size), state.settings.page_size)
    page, token = state.pager.page(items, size, request.args.get("next_token"), list_id=list_id)
    return json_response({key: page, "nextToken": token})


def _max_result(request: Request, default: int) -> int:
    text = request.args.get("max_result", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 100:  # noqa: PLR2004 - as in the model
        raise ServiceError(_INVALID, "max_result must be from 1 to 100")

    return int(text)


ROUTES: tuple[Route, ...] = (
    (
        "GET",
        "/federation/credentials",
        Operation("GetRoleCredentials", get_role_credentials, error_response),
    ),
    ("GET", "/assignment/accounts", Operation("ListAccounts", list_accounts, error_response)),
    ("GET", "/assignment/roles", Operation("ListAccountRoles", list_account_roles, error_response)),
    ("POST", "/logout", Operation("Logout", logout, error_response)),
)
