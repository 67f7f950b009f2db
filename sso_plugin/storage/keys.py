"""The names of all cache files that sso-plugin reads and writes, and what they contain.

The names for tokens, registrations and role credentials are those of the AWS CLI, botocore and
other SDKs. The names in our own folder begin with a kind.

This imports nothing, because `credential_process` imports it and has to be fast.
"""

from __future__ import annotations

TYPE_CHECKING = False  # a plain name: importing typing takes longer than these functions
if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_plugin.config.profile import SsoProfile

__all__ = [
    "OWN_KINDS",
    "budget_key",
    "configure_key",
    "content_identity",
    "own_key",
    "portal_key",
    "process_key",
    "registration_key",
    "role_key",
    "token_identity",
    "token_key",
]

OWN_KINDS = {
    "accounts": "the names of all accounts of a login",
    "budget": "the request rate of all processes towards a portal",
    "config": "the lock of a config file",
    "configure": "the options of the last `sso-plugin configure` for a login",
    "key": "the lock under which the encryption key is created",
    "login": "the lock of a login that a script starts, and how the last one failed",
    "notes": "who the user of a login is, and whether its end was announced",
    "outage": "failures of the portal for a token or a role, and when to try again",
    "portal": "which portal a start URL led to at the last login",
    "process": "which files hold the credentials that a credential process returns",
    "replaced": "when credentials that AWS rejected were last replaced",
    "roles": "which login a token belongs to, and which roles were fetched with it",
    "serve": "the token and the config files of a service of `sso-plugin serve`",
    "wait": "the code of the login that waiting processes share, with which it is polled",
}
"""What the files in our own folder contain, by the first part of their names."""


def own_key(kind: str, of: str) -> str:
    """Return the name of a file in our own folder.

    :param kind: one of `OWN_KINDS`.
    """
    if kind not in OWN_KINDS:
        raise KeyError(kind)
    return f"{kind}-{of}"


def token_key(profile: SsoProfile) -> str:
    """Return the AWS CLI's name for the token of a profile."""
    return _sha1(profile.session_name or profile.start_url)


def role_key(profile: SsoProfile, account_id: str) -> str:
    """Return the AWS CLI's name for the credentials of a profile's role."""
    parts = {"accountId": account_id, "roleName": profile.role_name}
    if profile.session_name:
        parts["sessionName"] = profile.session_name
    else:
        parts["startUrl"] = profile.start_url
    return _sha1(_json(parts, compact=True))


def registration_key(profile: SsoProfile) -> str:
    """Return the AWS CLI's name for the client registration of a login."""
    identity = {
        "tool": "botocore",
        "startUrl": profile.start_url,
        "region": profile.region,
        "scopes": list(profile.registration_scopes),
        "session_name": profile.session_name,
    }
    return _sha1(_json(identity, compact=False))


def token_identity(document: Mapping[str, object]) -> str:
    """Return a digest that identifies an access token, which cannot be computed from it.

    :param document: the content of a token file. That of another file has an empty identity.
    """
    import hashlib

    value = document.get("accessToken")
    if not isinstance(value, str):
        return ""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def content_identity(document: Mapping[str, object]) -> str:
    """Return a digest of a whole document: documents with the same content have the same one."""
    import hashlib

    return hashlib.sha256(_json(document, compact=False).encode()).hexdigest()


def budget_key(profile: SsoProfile) -> str:
    """Return the name of the file with the request rate towards a portal."""
    return own_key("budget", _sha1(f"{profile.region} {profile.start_url}"))


def portal_key(profile: SsoProfile) -> str:
    """Return the name of the file with the portal that a start URL led to."""
    return own_key("portal", _sha1(profile.start_url))


def configure_key(profile: SsoProfile) -> str:
    """Return the name of the file with the options of the last run of `sso-plugin configure`."""
    return own_key("configure", _sha1(f"{profile.session_name} {profile.start_url}"))


def process_key(profile_name: str) -> str:
    """Return the name of the file of a credential process."""
    return own_key("process", profile_name.encode("utf-8", "surrogatepass").hex())


def _json(value: object, *, compact: bool) -> str:
    import json

    return json.dumps(value, sort_keys=True, separators=(",", ":") if compact else None)


def _sha1(text: str) -> str:
    import hashlib

    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
