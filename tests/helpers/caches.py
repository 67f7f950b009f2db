"""Caches for tests, in the folders of a profile without options of its own or in any other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_plugin.config.profile import Options
from sso_plugin.storage import Stores
from sso_plugin.storage.documents import DocumentFolder
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.sealing import sealing_of

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.cache import Cache

__all__ = [
    "KEY",
    "document_folder",
    "file_cache",
    "own_cache",
    "role_cache",
    "sealed_folder",
    "stores_with",
    "token_cache",
]

KEY = "c2VhbGVkIHdpdGggYSBrZXkgb2YgMzIgYnl0ZXMhISE="
"""A key for ``SSO_PLUGIN_KEY``."""


def document_folder(path: Path) -> DocumentFolder:
    """Return a folder of plain files."""
    return DocumentFolder(path)


def sealed_folder(path: Path) -> DocumentFolder:
    """Return a folder of files that are sealed with the key in the environment."""
    return DocumentFolder(path, sealing=lambda: sealing_of("env", path))


def file_cache(folder: Path, *, durable: bool = True) -> FileCache:
    """Return a cache of plain files."""
    return FileCache(DocumentFolder(folder, durable=durable))


def token_cache(folder: str | None = None) -> Cache:
    """Return the usual cache of tokens."""
    return Stores(Options(), folder).tokens


def role_cache() -> Cache:
    """Return the usual cache of role credentials."""
    return Stores(Options()).roles


def own_cache() -> Cache:
    """Return the usual cache of our own files."""
    return Stores(Options()).own


def stores_with(tokens: Cache) -> Stores:
    """Return the usual places, with another cache for tokens."""
    stores = Stores(Options())
    stores.tokens = tokens
    return stores
