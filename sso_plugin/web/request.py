"""One HTTP request to a URL that is not an AWS API, with the session's proxies and CA bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..redact import Secret, hide_frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

__all__ = ["WebResponse", "send"]

_TIMEOUT = 10
"""Seconds to connect, and to wait for data."""

_MOST_BYTES = 65536


@dataclass(frozen=True)
class WebResponse:
    """A response. The names of headers are in lower case. The body is cut after 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@hide_frames
def send(
    session: Session,
    method: str,
    url: str,
    form: Mapping[str, str] | None = None,
    timeout: int = _TIMEOUT,
    json: str | None = None,
) -> WebResponse:
    """Send a request once. Follow no redirect.

    :param form: sent in the body, which logs and proxies do not record.
    :param json: a JSON text, sent in the body instead.
    :raises botocore.exceptions.BotoCoreError: if no response came.
    """
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    http = URLLib3Session(
        verify=session.get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(url),
        timeout=timeout,
    )
    kind = "json" if json else "x-www-form-urlencoded"
    headers = {"Content-Type": f"application/{kind}"} if form or json else {}
    data = Secret(urlencode(form)) if form else json
    try:
        request = AWSRequest(method, url, headers=headers, data=data, stream_output=True)
        response = http.send(request.prepare())
        found = {name.lower(): value for name, value in response.headers.items()}
        return WebResponse(response.status_code, found, _read_beginning(response.raw))
    finally:
        http.close()


def _read_beginning(stream: Any) -> bytes:
    from botocore.exceptions import HTTPClientError
    from urllib3.exceptions import HTTPError

    try:
        return bytes(stream.read(_MOST_BYTES, decode_content=True))
    except HTTPError as exc:
        raise HTTPClientError(error=exc) from exc
    finally:
        stream.close()
