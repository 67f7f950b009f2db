"""Settings and strategies that several property tests share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "FIXED",
    "SEARCH",
    "documents",
    "file_contents",
    "moments",
    "scalars",
    "timestamps",
    "write_private_file",
]

FIXED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
"""The same examples in each run, so that only a change of code makes a test fail."""

SEARCH = settings(FIXED, max_examples=150)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
moments = st.sampled_from(["2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
timestamps = st.text(max_size=30) | st.text("0123456789-:TZ+.UTC W", max_size=30)
"""Texts, many of which are nearly timestamps."""

_MEMBERS = st.sampled_from(
    [
        "accessToken",
        "expiresAt",
        "refreshToken",
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "Credentials",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ]
)

documents = st.recursive(
    scalars | moments | timestamps,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_MEMBERS | st.text(max_size=5), inner)
    ),
    max_leaves=12,
)
"""Any JSON value, with the members of cache files among others."""


def file_contents(nearly_valid: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Return any bytes, any JSON, and nearly valid documents, whole or truncated."""
    texts = (documents | nearly_valid).map(json.dumps).map(str.encode)
    truncated = st.tuples(texts, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
    return st.binary(max_size=60) | texts | truncated


def write_private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, as the cache requires."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
