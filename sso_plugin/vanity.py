"""Start URLs of a company's own: resolved to the address of Identity Center behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from .errors import LoginFailed
from .webrequest import send

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["resolve_start_url"]

# The hosts that AWS documents for access portals, in all partitions.
_AWS_HOSTS = (
    "awsapps.com",
    "awsapps.cn",
    "amazonaws.com",
    "amazonaws.com.cn",
    "app.aws",
    "aws.amazon.com",
    "amazonaws-us-gov.com",
)
_MOST_HOPS = 3


def resolve_start_url(session: Session, url: str, endpoint: str) -> str:
    """Follow the redirects of a start URL to a host of AWS; one that is there already stays.

    https only, three hops at the most, and no token or cookie goes along.

    :param endpoint: a URL of the OIDC service in use. Its host is as good as one of AWS: where
        somebody has set an endpoint of their own, they may have a start URL there too.
    :raises LoginFailed: if the redirects end anywhere else.
    """
    here = url
    for _ in range(_MOST_HOPS + 1):
        if urlsplit(here).hostname == urlsplit(endpoint).hostname or _is_aws(here):
            return here
        if urlsplit(here).scheme != "https":
            raise _failed(url, f"{here} is not an https address")
        here = urljoin(here, _location(session, here))
    raise _failed(url, f"there are more than {_MOST_HOPS} redirects")


def _is_aws(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    known = any(host == name or host.endswith(f".{name}") for name in _AWS_HOSTS)
    return parts.scheme == "https" and known


def _location(session: Session, url: str) -> str:
    for method in ("HEAD", "GET"):
        status, location = _request(session, method, url)
        if 300 <= status < 400 and location:  # noqa: PLR2004 - the class of redirects
            return location
        if status != 405:  # noqa: PLR2004 - Method Not Allowed
            break
    raise _failed(url, f"it answers {status} and does not lead to AWS")


def _request(session: Session, method: str, url: str) -> tuple[int, str | None]:
    from botocore.exceptions import BotoCoreError

    try:
        answer = send(session, method, url)
    except BotoCoreError as exc:
        raise _failed(url, str(exc)) from exc
    return answer.status, answer.headers.get("location")


def _failed(url: str, why: str) -> LoginFailed:
    return LoginFailed(
        error_msg=f"The start URL {url} cannot be resolved: {why}. Set sso_start_url to the "
        "address of the AWS access portal itself"
    )
