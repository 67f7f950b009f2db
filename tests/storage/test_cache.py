"""The contract of all caches, for each of them: `cache_contract` has the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cache_contract import CacheContract
from caches import KEY, document_folder, sealed_folder

from sso_plugin.storage.cache import Cache, Hold
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from pathlib import Path


class TestMemory(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return MemoryCache()


class TestPlainFiles(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return FileCache(document_folder(tmp_path / "new/folder"))


class TestPlainFilesThatMayBeSealed(CacheContract):
    """As by default: there may be sealed files of an earlier setting."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return FileCache(document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed"))


class TestSealedFiles(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
        monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
        plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
        return FileCache(sealed, former=plain, locks=plain)


class TestFilesThatCannotBeWritten(CacheContract):
    """Documents stay in the memory of the process."""

    @pytest.fixture(params=["plain", "sealed"])
    def cache(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Cache:
        monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
        (tmp_path / "file").touch()
        make = sealed_folder if request.param == "sealed" else document_folder
        return FileCache(make(tmp_path / "file/folder"))


class TestMappingOfCaller(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        from botocore.utils import JSONFileCache

        mapping = JSONFileCache(str(tmp_path))
        return MemoryCache(mapping)  # type: ignore[arg-type]  # used as a mapping by botocore, too


def test_only_a_held_lock_is_true() -> None:
    """A refresh token is not used with any other one."""
    assert [hold for hold in Hold if hold] == [Hold.HELD]
