"""Replaces credentials that AWS rejects, and retries the rejected request once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from botocore.auth import AUTH_TYPE_MAPS

from ..credentials.refreshable import SsoCredentials
from ..redact import mask_logs
from .rejection import Rejection, SignedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

__all__ = ["RejectedCredentials", "report_failed_check", "uses_client_credentials"]

_logger = logging.getLogger(__name__)


class RejectedCredentials:
    """Replaces credentials that AWS rejects, and retries the request once.

    It handles only requests that were signed with our credentials. A successful response costs
    one look-up in a dictionary.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        # Again, because a client has imported more modules of botocore since the last call.
        mask_logs()

    def record_credentials(
        self, request: Any, request_signer: Any, signature_version: Any = None, **_: Any
    ) -> Any:
        """Handle ``before-sign``: record the credentials that the request is signed with."""
        credentials = request_signer._credentials  # noqa: SLF001 - pinned in test_seams
        previous = SignedRequest.taken_from(request)
        if type(credentials) is SsoCredentials and uses_client_credentials(
            signature_version, request.context
        ):
            key = credentials.get_frozen_credentials().access_key
            SignedRequest.record(previous, request, credentials, str(key))

    def retry(self, response: Any, operation: Any, request_dict: dict[str, Any], **_: Any) -> Any:
        """Handle ``needs-retry``: return 0, for at once, if the credentials were replaced."""
        try:
            rejection = Rejection.of(response, operation, request_dict)
            if rejection is None or not rejection.replace(lambda: self._session):
                return None
            return rejection.retry_delay()
        except Exception as exc:  # noqa: BLE001 - must not break a call of the program
            report_failed_check(exc)
            return None


def report_failed_check(exc: Exception) -> None:
    """Log that a rejected request could not be checked. The program gets the service's error."""
    _logger.warning("Cannot check a rejected request: %s", type(exc).__name__)


def uses_client_credentials(signature_version: object, context: Mapping[str, Any]) -> bool:
    """Return whether the client's credentials sign the request, and not a token or other keys."""
    if {"request_credentials", "identity_cache"} & (context.get("signing") or {}).keys():
        return False
    signer: Any = AUTH_TYPE_MAPS.get(str(signature_version))
    return signer is not None and not signer.REQUIRES_TOKEN
