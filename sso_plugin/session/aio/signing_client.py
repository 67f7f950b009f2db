"""The client of a role chain, which signs with renewed credentials instead of fixed keys."""

from __future__ import annotations

from typing import Any

from ..seams import sign_with as sign_client_with

__all__ = ["sign_with"]


def sign_with(client: Any, credentials: Any) -> Any:
    """Return a context manager of a client that signs with these credentials.

    :param client: the context manager that aiobotocore returns for a new client.
    """
    return _SigningClient(client, credentials)


class _SigningClient:
    def __init__(self, context: Any, credentials: Any) -> None:
        self._context = context
        self._credentials = credentials

    async def __aenter__(self) -> Any:
        return sign_client_with(await self._context.__aenter__(), self._credentials)

    async def __aexit__(self, *exc_info: object) -> Any:
        return await self._context.__aexit__(*exc_info)
