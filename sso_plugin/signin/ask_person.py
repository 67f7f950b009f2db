"""``sso_login``: an unchanged script has its person log in, once for all threads and processes."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ..errors import LoginFailed, LoginRequired
from ..storage.file_cache import own_cache
from ..storage.keys import own_key
from .flows import login_failed
from .sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..credentials.access_token import AccessToken
    from ..credentials.token_source import TokenSource
    from ..storage.cache import Document
    from .sign_in import FlowName

__all__ = ["ask_person"]

_PATIENCE = 660.0
"""Seconds to wait for the login of another process: as long as a login may take, and a bit."""

_REST = 60.0
"""Seconds for which a person is not asked again who has refused, or has not answered."""


def ask_person(
    session: Session, tokens: TokenSource, required: LoginRequired, rejected: str | None
) -> AccessToken:
    """Return the token of a new login. See `credentials.token_source.AskPerson`."""
    began = time.time()
    sign_in = _sign_in(session, tokens, required)
    own, key = own_cache(), own_key("login", tokens.login.key)

    def is_logged_in() -> bool:
        # Perhaps by another way than the one that is waited for.
        return tokens.file.is_valid(tokens.file.load(), rejected)

    with own.locked(key, _PATIENCE, is_logged_in):
        with contextlib.suppress(LoginRequired):
            return tokens.fetch(rejected=rejected, attended=False)
        with _shared_failure(tokens.login.profile, key, began):
            return sign_in.run()


def _sign_in(session: Session, tokens: TokenSource, required: LoginRequired) -> SignIn:
    wanted = tokens.login.profile.options.login
    flow: FlowName = "auto" if wanted == "never" else wanted
    sign_in = SignIn(session, tokens.login, required.reason, flow)
    if not sign_in.can_reach_somebody:
        raise LoginRequired(
            error_msg=f"{required} (sso_login = {flow} cannot do it: there is no terminal, and no "
            f"browser because {sign_in.surroundings.no_browser or 'none is asked for'})",
            reason=required.reason,
        ) from required
    return sign_in


@contextlib.contextmanager
def _shared_failure(profile: SsoProfile, key: str, began: float) -> Iterator[None]:
    """Share a failure with the callers that waited, and a refusal with all that come soon."""
    own, now = own_cache(), time.time()
    entry = own.get(key)
    if entry is not None:
        by_person = entry.document.get("byPerson") is True
        since = min(began, now - _REST) if by_person else began
        if since <= entry.stored_at <= now:
            raise _failure_of(profile, entry.document, by_person=by_person)
    try:
        yield
    except LoginFailed as exc:
        own.put(key, {"error": str(exc), "reason": exc.reason, "byPerson": exc.by_person})
        raise


def _failure_of(profile: SsoProfile, document: Document, *, by_person: bool) -> LoginFailed:
    """Return the failure of another process, for this one's profile if there is a reason."""
    reason = document.get("reason")
    if reason:
        return login_failed(profile, str(reason), by_person=by_person)
    return LoginFailed(error_msg=str(document.get("error")))
