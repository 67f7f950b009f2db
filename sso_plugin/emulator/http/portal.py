"""The portal: accounts, roles and role credentials for whoever bears a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug import Request, Response

from ..state.errors import ServiceError
from .web import Operation, Route, error_headers, json_response

if TYPE_CHECKING:
    from ..state.emulator_state import State
    from ..state.tokens import Token


def get_role_credentials(state: State, request: Request) -> Response:
    """Trade a token for the credentials of a role its bearer has."""
    user = _bearer(state, request).user
    account_id = _required(request, "account_id")
    role = _required(request, "role_name")
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
    """List the accounts in which the bearer has a role."""
    user = _bearer(state, request).user
    accounts = [
        {"accountId": each.account_id, "accountName": each.name, "emailAddress": each.email}
        for each in state.assignments.accounts(user)
    ]
    return _page(state, request, accounts, "accountList", of=f"accounts of {user}")


def list_account_roles(state: State, request: Request) -> Response:
    """List the roles the bearer has in an account."""
    user = _bearer(state, request).user
    account_id = _required(request, "account_id")
    roles = [
        {"roleName": role, "accountId": account_id}
        for role in state.assignments.roles(user, account_id)
    ]
    if not roles:
        raise ServiceError("ForbiddenException", "No access")

    return _page(state, request, roles, "roleList", of=f"roles of {user} in {account_id}")


def logout(state: State, request: Request) -> Response:
    """End the sign-in this token comes from."""
    state.tokens.revoke(_bearer(state, request))
    return Response(status=200)


def refuse(error: ServiceError) -> Response:
    """Say no as the portal does."""
    return json_response({"message": error.message}, error.status, error_headers(error))


def _bearer(state: State, request: Request) -> Token:
    token = state.tokens.find(request.headers.get("x-amz-sso_bearer_token", ""))
    if token is None:
        raise ServiceError("UnauthorizedException", "Session token not found or invalid")

    state.budget.spend(token.user)
    return token


def _required(request: Request, name: str) -> str:
    value = request.args.get(name)
    if not value:
        raise ServiceError("InvalidRequestException", f"Missing parameter {name}")

    return value


def _page(
    state: State, request: Request, items: list[dict[str, str]], key: str, *, of: str
) -> Response:
    size = min(_max_result(request, state.settings.page_size), state.settings.page_size)
    page, token = state.pager.page(items, size, request.args.get("next_token"), of=of)
    return json_response({key: page, "nextToken": token})


def _max_result(request: Request, default: int) -> int:
    text = request.args.get("max_result", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 100:  # noqa: PLR2004 - as in the model
        raise ServiceError("InvalidRequestException", "max_result must be from 1 to 100")

    return int(text)


ROUTES: tuple[Route, ...] = (
    (
        "GET",
        "/federation/credentials",
        Operation("GetRoleCredentials", get_role_credentials, refuse),
    ),
    ("GET", "/assignment/accounts", Operation("ListAccounts", list_accounts, refuse)),
    ("GET", "/assignment/roles", Operation("ListAccountRoles", list_account_roles, refuse)),
    ("POST", "/logout", Operation("Logout", logout, refuse)),
)
