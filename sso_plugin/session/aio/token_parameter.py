"""Adds the ``accessToken`` to calls of an async client ``sso`` that omit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..token_parameter import AccessTokenParameter, login_of_session, omits_token
from .shared import shared_token
from .twin import Twin
from .waiting import value_of

if TYPE_CHECKING:
    from ...credentials.renewed_token import RenewedToken

__all__ = ["AioAccessTokenParameter"]


class AioAccessTokenParameter(AccessTokenParameter):
    """The same as its base class, but its handler is async."""

    _token: RenewedToken | None = None

    async def provide(
        self, params: dict[str, Any], model: Any, context: dict[str, Any] | None = None, **_: Any
    ) -> Any:
        """Handle ``provide-client-params.sso``: return the parameters with the token, or None."""
        if context is None or not omits_token(params, model):
            return None
        token = self._token = self._token or self._find_token()
        if token is None:
            return None
        context[self.REGION] = token.login.profile.region
        return {**params, "accessToken": (await value_of(token)).value}

    def _find_token(self) -> RenewedToken | None:
        found = login_of_session(self._session)
        return shared_token(Twin(self._session), *found) if found else None
