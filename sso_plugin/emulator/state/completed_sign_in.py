"""A completed sign-in as a value, for tests that need a token without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .issued_tokens import IssuedTokens
    from .organization import Organization
    from .registered_clients import Registration

__all__ = ["SignIn"]


@dataclass(frozen=True)
class SignIn:
    """The tokens of a user, their client and the start URL. Times are in epoch seconds."""

    user: str
    start_url: str
    region: str
    access_token: str = field(repr=False)
    expires_in: int
    expires_at: float
    refresh_token: str | None = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    registration_expires_at: float

    @classmethod
    def of(
        cls, organization: Organization, client: Registration, tokens: IssuedTokens, *, now: float
    ) -> SignIn:
        """Return the sign-in for tokens that were issued to a client."""
        return cls(
            user=tokens.access.user,
            start_url=organization.start_url,
            region=organization.region,
            access_token=tokens.access.value,
            expires_in=round(tokens.access.expires_at - now),
            expires_at=tokens.access.expires_at,
            refresh_token=tokens.refresh.value if tokens.refresh else None,
            client_id=client.client_id,
            client_secret=client.client_secret,
            registration_expires_at=client.expires_at,
        )

    def cached(self) -> dict[str, Any]:
        """Return the document that the AWS CLI writes to `~/.aws/sso/cache`."""
        entry = {
            "startUrl": self.start_url,
            "region": self.region,
            "accessToken": self.access_token,
            "expiresAt": _iso_time(self.expires_at),
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "registrationExpiresAt": _iso_time(self.registration_expires_at),
        }
        return {**entry, "refreshToken": self.refresh_token} if self.refresh_token else entry


def _iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
