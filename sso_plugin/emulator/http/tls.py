"""A certificate for this machine, from a new private certificate authority."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

__all__ = ["make_certificate"]


def make_certificate() -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of the server, and a file with the authority for clients to trust."""
    try:
        import trustme
    except ImportError as exc:
        message = "TLS needs the package trustme. Run: pip install 'sso-plugin[emulator-tls]'"
        raise ImportError(message) from exc

    authority = trustme.CA(organization_name="sso_plugin emulator")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "::1", "localhost").configure_cert(context)
    return context, _write(authority.cert_pem.bytes())


def _write(certificate: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix="sso-emulator-", suffix=".pem")
    with os.fdopen(handle, "wb") as file:
        file.write(certificate)

    return Path(name)
