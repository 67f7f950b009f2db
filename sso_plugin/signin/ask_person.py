"""``sso_login``: lets an unchanged script ask for a login, once for all threads and processes."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ..errors import LoginFailed, LoginRequired
from ..storage.keys import own_key
from ..storage.waiting import abandonable
from . import wait_option
from .flows import login_failed
from .sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..credentials.access_token import AccessToken
    from ..credentials.token_source import TokenSource
    from ..storage.cache import Cache
    from ..storage.reading import Document

__all__ = ["ask_person"]

_LOCK_TIMEOUT = 660.0
"""Seconds to wait for the login of another process: the longest login, and a minute more."""

_ASK_AGAIN_AFTER = 60.0
"""Seconds for which a user who denied a login, or did not approve it, is not asked again."""


def ask_person(
    session: Session, tokens: TokenSource, required: LoginRequired, rejected: str | None
) -> AccessToken:
    """Return the token of a new login. See `credentials.token_source.AskPerson`."""
    if wait_option.is_unattended:
        raise required
    if tokens.login.profile.options.login == "wait" and wait_option.meaning != "auto":
        if wait_option.meaning == "never":
            raise required
        from .waiting_login import wait_for_login

        return wait_for_login(session, tokens, required, rejected)
    began = time.time()
    sign_in = _sign_in(session, tokens, required)
    local, key = tokens.login.stores.local, own_key("login", tokens.login.key)

    def is_logged_in() -> bool:
        # The user may have logged in by a command meanwhile.
        return tokens.file.is_valid(tokens.file.load(), rejected)

    with local.locked(key, _LOCK_TIMEOUT, is_logged_in):
        with contextlib.suppress(LoginRequired):
            return tokens.fetch(rejected=rejected, attended=False)
        with _shared_failure(tokens.login.profile, local, key, began), abandonable():
            return sign_in.run()


def _sign_in(session: Session, tokens: TokenSource, required: LoginRequired) -> SignIn:
    profile = tokens.login.profile
    flow = profile.options.login
    if flow not in ("browser", "device"):
        flow = "auto"
    sign_in = SignIn(session, tokens.login, required.reason, flow)
    why_no_prompt = sign_in.why_no_prompt
    if why_no_prompt:
        raise LoginRequired(
            subject=profile.subject,
            reason=required.reason,
            fix=f"sso_login = {flow} cannot ask for it here: {why_no_prompt}. "
            f"Run: {profile.login_command}",
        ) from required
    return sign_in


@contextlib.contextmanager
def _shared_failure(profile: SsoProfile, local: Cache, key: str, began: float) -> Iterator[None]:
    """Share a failure with the callers that waited, and a denial also with later callers."""
    entry, now = local.get(key), time.time()
    if entry is not None:
        by_person = entry.document.get("byPerson") is True
        since = min(began, now - _ASK_AGAIN_AFTER) if by_person else began
        if since <= entry.stored_at <= now:
            raise _shared_error(profile, entry.document, by_person=by_person)
    try:
        yield
    except LoginFailed as exc:
        local.put(key, {"error": str(exc), "reason": exc.reason, "byPerson": exc.by_person})
        raise


def _shared_error(profile: SsoProfile, document: Document, *, by_person: bool) -> LoginFailed:
    """Return the error of another process. If it has a reason, name the profile of this one."""
    reason = document.get("reason")
    if reason:
        return login_failed(profile, str(reason), by_person=by_person)
    return LoginFailed(error_msg=str(document.get("error")))
