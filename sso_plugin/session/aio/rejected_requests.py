"""Replaces credentials that AWS rejects, in a thread, and retries the rejected request once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..rejected_requests import RejectedCredentials, report_failed_check, uses_client_credentials
from ..rejection import Rejection, SignedRequest
from .credentials import AioSsoCredentials
from .twin import Twin
from .waiting import end_of

if TYPE_CHECKING:
    from ...credentials.background import Background
    from ...credentials.refreshable import SsoCredentials

__all__ = ["AioRejectedCredentials"]

_running: dict[tuple[SsoCredentials, str], Background] = {}
"""The threads that replace credentials with an access key. All tasks whose requests were rejected
wait for the same one."""


class AioRejectedCredentials(RejectedCredentials):
    """The same as its base class, but its handlers are async."""

    async def record_credentials(
        self, request: Any, request_signer: Any, signature_version: Any = None, **_: Any
    ) -> None:
        """Handle ``before-sign``: record the credentials that the request is signed with."""
        credentials = request_signer._credentials  # noqa: SLF001 - pinned in test_aio_seams
        previous = SignedRequest.taken_from(request)
        if type(credentials) is AioSsoCredentials and uses_client_credentials(
            signature_version, request.context
        ):
            key = (await credentials.get_frozen_credentials()).access_key
            SignedRequest.record(previous, request, credentials.core, str(key))

    async def retry(
        self, response: Any, operation: Any, request_dict: dict[str, Any], **_: Any
    ) -> Any:
        """Handle ``needs-retry``: return 0, for at once, if the credentials were replaced."""
        try:
            rejection = Rejection.of(response, operation, request_dict)
            if rejection is None or not await self._replaced(rejection):
                return None
            return rejection.retry_delay()
        except Exception as exc:  # noqa: BLE001 - must not break a call of the program
            report_failed_check(exc)
            return None

    async def _replaced(self, rejection: Rejection) -> bool:
        """Call `Rejection.replace` in a thread, and return its result."""
        from ...credentials.background import Background

        signed = rejection.signed
        key = signed.credentials, signed.access_key
        replace = functools.partial(rejection.replace, Twin(self._session).open)
        made = Background("sso-plugin-rejected", signed.credentials.prepare, replace)
        future = _running.setdefault(key, made).start_or_run()
        future.add_done_callback(lambda _: _running.pop(key, None))
        await end_of(future)
        return bool(future.result())
