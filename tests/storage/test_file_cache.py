"""The cache in files, and its memory for documents that cannot be written."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from botocore.tokens import SSOTokenProvider
from cache_contract import CacheContract

from sso_plugin.storage.cache import Cache, MemoryCache
from sso_plugin.storage.file_cache import FileCache, own_cache, role_cache, token_cache


class TestFileCache(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return FileCache(tmp_path / "new" / "folder")


class TestFileCacheWithoutFolder(CacheContract):
    """A folder that cannot be written: documents stay in the memory of the process."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        (tmp_path / "file").touch()
        return FileCache(tmp_path / "file" / "folder")


def test_documents_stay_in_memory_without_a_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No folder named ``~`` is created."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", "~/.aws/sso/cache")
    monkeypatch.chdir(tmp_path)
    cache = token_cache()
    cache.put("key", {"a": 1})
    assert isinstance(cache, MemoryCache)
    assert list(tmp_path.iterdir()) == []


def test_sessions_share_documents_that_cannot_be_written(tmp_path: Path) -> None:
    """Otherwise the second session would use a refresh token again."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    FileCache(folder).put("key", {"a": 1})
    entry = FileCache(folder).get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_a_key_cannot_name_a_file_outside_of_the_folder(tmp_path: Path) -> None:
    """Such a key is an error."""
    cache = FileCache(tmp_path / "folder")
    for key in ("../victim", str(tmp_path / "victim"), "a/b", "", "\0", "a b", "\u0661"):
        with pytest.raises(ValueError, match="is not a valid file name"):
            cache.delete(key)


def test_the_caches_are_in_the_folders_of_the_aws_cli_and_in_our_own() -> None:
    """Below the home directory that botocore has found."""
    aws = Path.home() / ".aws"
    assert token_cache().describe("key") == str(aws / "sso/cache/key.json")
    assert role_cache().describe("key") == str(aws / "cli/cache/key.json")
    assert own_cache().describe("key") == str(aws / "sso-plugin/key.json")


def test_a_session_may_have_its_own_folder_of_tokens(tmp_path: Path) -> None:
    """A program can change it in botocore."""
    assert token_cache(str(tmp_path)).describe("key") == str(tmp_path / "key.json")


def test_the_newer_of_a_file_and_a_document_in_memory_is_used(tmp_path: Path) -> None:
    """Another process may be able to write the folder again."""
    cache = FileCache(tmp_path)
    cache._in_memory.put("key", {"a": "memory"})
    file = tmp_path / "key.json"
    for age, expected in ((3600, "memory"), (-3600, "file")):
        file.write_text(json.dumps({"a": "file"}))
        then = time.time() - age
        os.utime(file, (then, then))
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"a": expected}


def test_the_mark_stays_the_same_until_the_document_is_replaced(tmp_path: Path) -> None:
    """So a reader does not have to read the document again."""
    cache = FileCache(tmp_path)
    cache.put("key", {"a": 1})
    first = cache.mark("key")
    entry = cache.get("key")
    assert entry is not None
    assert first == cache.mark("key") == entry.mark
