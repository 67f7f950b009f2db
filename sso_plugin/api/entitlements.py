"""The public functions ``accounts``, ``roles`` and ``get_session``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.profile import SsoProfile
from ..errors import ConfigError
from ..models import open_session, open_session_without_profile
from ..session.providers import token_source
from ..session.role_session import serve, serve_role, with_role
from ..signin.configured_login import ConfiguredLogin, check_one_login, login_for_start_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3
    from aiobotocore.session import AioSession
    from botocore.session import Session

    from ..portal.listings import Account, AccountRole, AccountsAndRoles

__all__ = ["accounts", "get_aio_session", "get_session", "roles"]


def accounts(
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Account]:
    """List the accounts that the user of a login has a role in.

    Each page is requested when it is needed, within the request budget that all processes share.
    You can stop iterating at any time.

    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one in its token file.
    :param progress: called after each page, with the number of accounts so far as both arguments.
    :returns: accounts with ``account_id`` (12 digits), ``name`` and ``email``.
    :raises ConfigError: if the profile has no usable SSO configuration.
    :raises LoginRequired: while iterating, if the user has to log in.
    :raises PortalError: while iterating, if the portal is unreachable or returns an error.
    """
    found = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
    return _listings(found, progress).accounts()


def roles(
    account: str | None = None,
    profile_name: str | None = None,
    *,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[AccountRole]:
    """List the roles that the user of a login has in all accounts, or in one.

    The accounts are listed concurrently, within the request budget that all processes share. You
    can stop iterating at any time.

    :param account: the id or the name of an account; None for all of them.
    :param profile_name: a profile of the AWS config file; ``AWS_PROFILE`` or ``default`` if None.
    :param sso_session: an sso-session of that file, instead of a profile.
    :param start_url: a start URL, instead of both.
    :param sso_region: the region of that start URL; None for the one in its token file.
    :param progress: called with the number of accounts that are done, and the number of all.
    :returns: roles with ``account_id`` (12 digits), ``account_name`` and ``role_name``.
    :raises ConfigError: if the profile has no usable SSO configuration; while iterating, if there
        is no such account, or several have that name.
    :raises LoginRequired: while iterating, if the user has to log in.
    :raises PortalError: while iterating, if the portal is unreachable or returns an error.
    """
    found = ConfiguredLogin.find(profile_name, sso_session, start_url, sso_region)
    return _listings(found, progress).roles(account)


def get_session(  # noqa: PLR0913 - each is one part of "who, and where"
    *,
    account: str,
    role: str,
    region: str | None = None,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    profile_name: str | None = None,
) -> boto3.Session:
    """Return a boto3 session for any account and role, without a profile for them.

    Its credentials are renewed like those of a profile, and are shared with every process that
    uses the same role. ``AWS_PROFILE`` and keys in environment variables do not change them. The
    portal is called on first use. That call can raise `LoginRequired`, `NoAccess` or
    `PortalError`, as for a profile.

    :param account: the id (12 digits) or the name of an account.
    :param role: the name of a role (permission set).
    :param region: the region of the session; None for ``AWS_DEFAULT_REGION`` or the config file.
    :param sso_session: names the login: an sso-session of the AWS config file.
    :param start_url: names the login together with ``sso_region``: a start URL.
    :param sso_region: the region of Identity Center.
    :param profile_name: names the login: a profile. Its other settings are used as well.
    :raises ConfigError: unless exactly one login is named, with all that it needs.
    """
    import boto3

    core = open_session(profile_name) if profile_name else open_session_without_profile()
    login = _login(core, sso_session, start_url, sso_region, profile_name)
    serve_role(core, login, account, role)
    return boto3.Session(botocore_session=core, region_name=region)


def get_aio_session(  # noqa: PLR0913 - each is one part of "who, and where"
    *,
    account: str,
    role: str,
    region: str | None = None,
    sso_session: str | None = None,
    start_url: str | None = None,
    sso_region: str | None = None,
    profile_name: str | None = None,
) -> AioSession:
    """Return an aiobotocore session for any account and role, without a profile for them.

    It is the async variant of `get_session`, with the same parameters and errors. For aioboto3,
    use ``aioboto3.Session(botocore_session=sso_plugin.get_aio_session(...))``.

    :raises ConfigError: unless exactly one login is named, with all that it needs.
    :raises ImportError: if aiobotocore is not installed.
    """
    from ..session.aio.new_session import open_aio_session
    from ..session.aio.providers import AioLoginProvider
    from ..session.aio.rejected_requests import AioRejectedCredentials

    core = open_aio_session(profile_name, region)
    login = _login(core, sso_session, start_url, sso_region, profile_name)
    provider = AioLoginProvider(core, with_role(login, account, role))
    serve(core, login, provider, AioRejectedCredentials(core))
    return core


def _listings(
    found: ConfiguredLogin, progress: Callable[[int, int], object] | None
) -> AccountsAndRoles:
    return token_source(found.session, found.profile).listings(progress)


def _login(
    session: Session,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    profile_name: str | None,
) -> SsoProfile:
    check_one_login(profile_name, sso_session, start_url, sso_region, required=True)
    if sso_session:
        return SsoProfile.of_sso_session(session, sso_session)
    if start_url:
        return login_for_start_url(start_url, sso_region)
    found = SsoProfile.of(session, profile_name)
    if found is None:
        raise ConfigError(
            subject=f'The profile "{profile_name}"',
            problem="has no SSO configuration",
            fix="Add sso_session to it, or use another profile.",
        )
    return found
