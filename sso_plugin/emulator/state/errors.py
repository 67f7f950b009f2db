"""The one exception that stands for an answer the real services give as an error."""

from __future__ import annotations

# Every code that is not named here is answered with 400.
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


class ServiceError(Exception):
    """A refusal with the code, the HTTP status and the message of the real service."""

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
    """The emulator was asked something it does not know; the message lists what."""
