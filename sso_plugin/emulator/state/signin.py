"""A completed sign-in as a value, for tests that do not want to go through a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clients import Registration
    from .organization import Organization
    from .tokens import Grant


@dataclass(frozen=True)
class SignIn:
    """A token, the client that holds it, and where it belongs; times in epoch seconds."""

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
        cls, organization: Organization, client: Registration, grant: Grant, *, now: float
    ) -> SignIn:
        """Put together what the parts know."""
        return cls(
            user=grant.access.user,
            start_url=organization.start_url,
            region=organization.region,
            access_token=grant.access.value,
            expires_in=round(grant.access.expires_at - now),
            expires_at=grant.access.expires_at,
            refresh_token=grant.refresh.value if grant.refresh else None,
            client_id=client.client_id,
            client_secret=client.client_secret,
            registration_expires_at=client.expires_at,
        )

    def cached(self) -> dict[str, Any]:
        """Return the sign-in as the AWS CLI writes it into `~/.aws/sso/cache`."""
        entry = {
            "startUrl": self.start_url,
            "region": self.region,
            "accessToken": self.access_token,
            "expiresAt": _iso(self.expires_at),
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "registrationExpiresAt": _iso(self.registration_expires_at),
        }
        return {**entry, "refreshToken": self.refresh_token} if self.refresh_token else entry


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
