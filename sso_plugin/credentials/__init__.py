"""Role credentials and access tokens: cached, fetched and renewed.

`refreshable` has the credentials that botocore uses. `schedule` decides when they are renewed, and
a `role_source` fetches them: by `role_credentials` from the cache, else by `role_request`.
`account_names` finds an account by its name. `token_source` has the access token: from the
`token_file`, by `token_renewal`, or from a new login.

All parts share one `Login`, which is passed down. A document that is derived from a login has a
note of that login, its `Origin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Clock
from ..storage import Stores
from ..storage.keys import token_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session
    from typing_extensions import Self

    from ..config.profile import SsoProfile
    from ..errors import LoginRequired, StoreUnavailable
    from ..portal.client import Portal
    from ..storage.documents import Mark
    from ..storage.reading import Document

__all__ = ["NO_ORIGIN", "Login", "Origin", "find_origin", "note_origin", "stores_of"]

Origin = tuple[str, "Mark"]
"""The id of the login that a document is derived from, and the mark of its token file."""

NO_ORIGIN: Origin = ("", (0, 0, 0))
"""The origin of a document that belongs to no login."""

_ORIGIN = "SsoPlugin"
"""The key of the note in a document."""


class Login:
    """The parts of one login that all others share. It does not change.

    :param profile: the settings of the login.
    :param connect: returns the portal when it is first needed: a session with cached credentials
        does not import it.
    :param clock: the time of that portal.
    :param stores: where its documents are.
    :param key: the cache key of the token; None for the key that the AWS CLI uses.
    """

    __slots__ = ("_connect", "_portal", "clock", "key", "open_session", "profile", "stores")

    def __init__(
        self,
        profile: SsoProfile,
        connect: Callable[[], Portal],
        clock: Clock,
        stores: Stores,
        key: str | None = None,
    ) -> None:
        self.profile = profile
        self.clock = clock
        self.stores = stores
        self.key = key or token_key(profile)
        self._connect = connect
        self._portal: Portal | None = None
        self.open_session: Callable[[], Session] | None = None
        """Returns the session of its requests; None if only its portal is known."""

    @classmethod
    def of(
        cls,
        session: Session,
        profile: SsoProfile,
        stores: Stores | None = None,
        key: str | None = None,
    ) -> Self:
        """Return the login of a profile. Its requests use the settings of a session.

        :param stores: where its documents are; None for the places that the profile names.
        """
        return cls.with_session_from(lambda: session, profile, stores, key)

    @classmethod
    def with_session_from(
        cls,
        open_session: Callable[[], Session],
        profile: SsoProfile,
        stores: Stores | None = None,
        key: str | None = None,
    ) -> Self:
        """Return the same as `of`.

        :param open_session: returns the session. Called when the portal is first needed.
        """
        clock, stores = Clock.of(profile), stores or stores_of(profile)

        def connect() -> Portal:
            from ..portal.client import Portal

            return Portal.of(open_session(), profile, clock, stores)

        login = cls(profile, connect, clock, stores, key)
        login.open_session = open_session
        return login

    @property
    def portal(self) -> Portal:
        """The portal of its Identity Center."""
        if self._portal is None:
            self._portal = self._connect()
        return self._portal

    def prepare(self) -> None:
        """Import all that a request and the storage of its response need.

        In a process that is forked while another thread imports, that import never ends.
        """
        import encodings.idna  # noqa: F401 - used to resolve host names

        from ..storage import locks, unwritable, writing  # noqa: F401
        from ..storage.waiting import unattended

        _ = self.portal
        if self.stores.server is not None:
            self.stores.server.prepare()
        with unattended():
            # Encrypted documents need more imports, and their key.
            for cache in (self.stores.tokens, self.stores.roles):
                cache.why_no_key()

    def pull(self, *, patience: float = 0.0) -> None:
        """Bring the newest token of this login to this machine.

        :param patience: the seconds to wait for a store that cannot be reached.
        """
        self.stores.tokens.pull(self.key, patience=patience)

    def check_key(self, *, of_token: bool = False) -> None:
        """Check that tokens can be encrypted, if the profile demands that.

        :param of_token: check also that the present token can be decrypted. It may be damaged.
        :raises KeyUnavailable: if the key is missing.
        """
        why = self.stores.tokens.why_no_key(self.key if of_token else None)
        if why is not None:
            from ..errors import KeyUnavailable

            raise KeyUnavailable(
                subject=self.profile.subject,
                reason=why,
                fix=f"{'Then run' if why.endswith(')') else 'Run'}: {self.profile.doctor_command}",
            )

    def required(self, reason: str) -> LoginRequired:
        """Return the error for a missing login.

        :param reason: why a login is needed.
        :raises KeyUnavailable: if there may be a token that cannot be opened now.
        :raises StoreUnavailable: if other machines may have a token.
        """
        from ..errors import LoginRequired

        self.check_key(of_token=True)
        if away := self.away():
            raise away
        return LoginRequired(
            subject=self.profile.subject,
            reason=reason,
            fix=f"Run: {self.profile.login_command}",
        )

    def away(self) -> StoreUnavailable | None:
        """Return the error for a store that cannot be reached; None if it can, as far as known.

        :raises KeyUnavailable: if the key is missing.
        """
        why = self.stores.tokens.why_away(self.key)
        if why is None:
            return None
        self.check_key()
        from ..errors import StoreUnavailable

        return StoreUnavailable(
            subject=self.profile.subject,
            problem=f"has no valid token on this machine, and {why}",
            fix=f"Run: {self.profile.doctor_command}",
            retryable=True,
        )


def stores_of(profile: SsoProfile, token_folder: str | None = None) -> Stores:
    """Return where the documents of a profile are.

    :param token_folder: see `Stores`.
    """
    if profile.options.store is None:
        return Stores(profile.options, token_folder)
    from .shared_login import shared_stores

    return shared_stores(profile, profile.options.store, token_folder)


def note_origin(document: Document, origin: Origin | None) -> Document:
    """Return a document with a note of the login that it is derived from."""
    if origin is None:
        return document
    return {**document, _ORIGIN: {"LoginId": origin[0], "TokenFile": list(origin[1])}}


def find_origin(document: Document) -> Origin | None:
    """Return the login that a document is derived from; None if another program wrote it."""
    held = document.get(_ORIGIN)
    if held is None:
        return None
    try:
        mtime, size, inode = map(int, held["TokenFile"])
        return str(held["LoginId"]), (mtime, size, inode)
    except (TypeError, ValueError, KeyError, OverflowError):
        return NO_ORIGIN
