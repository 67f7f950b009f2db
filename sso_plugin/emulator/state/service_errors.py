"""Errors with which AWS would respond, and the error of tests that send unknown requests."""

from __future__ import annotations

__all__ = ["ServiceError", "UnexpectedRequestError"]

_STATUS = {
    "UnauthorizedException": 401,
    "InvalidClientException": 401,
    "ForbiddenException": 403,
    "ResourceNotFoundException": 404,
    "TooManyRequestsException": 429,
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
    "InternalServerException": 500,
}
"""The HTTP status of each error code. Any other code has 400."""


class ServiceError(Exception):
    """An error response, with the code, the HTTP status and the message of AWS."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or _STATUS.get(code, 400)
        self.retry_after = retry_after


class UnexpectedRequestError(AssertionError):
    """The emulator got unknown requests. The message lists them."""
