"""One HTTP request that is not a call of an AWS service, by the session's proxies and CA bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..redact import Secret, hide_frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

__all__ = ["WebAnswer", "send"]

_TIMEOUT = 10
_MOST_BYTES = 65536


@dataclass(frozen=True)
class WebAnswer:
    """A response; the names of headers are in lower case, the body ends after 64 KiB."""

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
) -> WebAnswer:
    """Ask once, following nothing. A form goes in the body, of which no log or proxy keeps a line.

    :param json: a JSON text, which goes in the body instead.
    :raises botocore.exceptions.BotoCoreError: if no answer came.
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
        answer = http.send(request.prepare())
        found = {name.lower(): value for name, value in answer.headers.items()}
        return WebAnswer(answer.status_code, found, _beginning(answer.raw))
    finally:
        http.close()


def _beginning(stream: Any) -> bytes:
    from botocore.exceptions import HTTPClientError
    from urllib3.exceptions import HTTPError

    try:
        return bytes(stream.read(_MOST_BYTES, decode_content=True))
    except HTTPError as exc:
        raise HTTPClientError(error=exc) from exc
    finally:
        stream.close()
