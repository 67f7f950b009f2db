"""A certificate for this machine, from a private authority made on the spot."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path


def make() -> tuple[ssl.SSLContext, Path]:
    """Return what the server needs, and a file with what its clients must trust."""
    try:
        import trustme
    except ImportError as error:
        message = "TLS needs trustme: pip install sso-plugin[emulator-tls]."
        raise ImportError(message) from error

    authority = trustme.CA(organization_name="sso_plugin emulator")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "::1", "localhost").configure_cert(context)
    return context, _write(authority.cert_pem.bytes())


def _write(certificate: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix="sso-emulator-", suffix=".pem")
    with os.fdopen(handle, "wb") as file:
        file.write(certificate)

    return Path(name)
