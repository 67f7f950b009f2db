"""An S3 on this machine that accepts valid credentials of the emulator, and no others."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sso_plugin.emulator import Emulator

__all__ = ["CheckedS3"]

_TRANSFER_TIME = 5.0
"""Seconds after the expiry. Some engines sign with credentials until the second they expire."""


class CheckedS3:
    """The S3 of moto. It checks access key, session token and expiry, but no signature."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.keys: dict[str, set[str]] = {}
        """The access keys of the accepted requests, by bucket."""

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def create_bucket(self, name: str) -> None:
        keys = self._emulator.state.role_sessions.for_user("alice", "1" * 12, "Admin", 60)
        region = self._emulator.region
        boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        ).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        self.keys.pop(name, None)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a WSGI request."""
        request = Request(environ)
        found = re.search(r"Credential=(\w+)/", request.headers.get("Authorization", ""))
        key = found[1] if found else ""
        refusal = self._refusal(key, request.headers.get("x-amz-security-token"))
        if refusal:
            return refusal(environ, start_response)
        self.keys.setdefault(request.path.split("/")[1], set()).add(key)
        response: Iterable[bytes] = self._moto(environ, start_response)
        return response

    def _refusal(self, key: str, token: str | None) -> Response | None:
        credentials = self._emulator.state.role_sessions.find(key)
        if credentials is None or credentials.session_token != token:
            return _error("InvalidAccessKeyId", 403)
        expired = self._emulator.clock.now() >= credentials.expires_at + _TRANSFER_TIME
        return _error("ExpiredToken", 400) if expired else None


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Do nothing."""


def _error(code: str, status: int) -> Response:
    text = f"<Error><Code>{code}</Code><Message>Rejected</Message></Error>"
    return Response(text, status, mimetype="application/xml")
