"""The contract of all caches, for each of them: `cache_contract` has the tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from cache_contract import CacheContract
from caches import KEY, document_folder, sealed_folder
from network import new_documents, new_tokens
from virtual_server import VirtualServer

from sso_plugin.config.store_address import read_store_address
from sso_plugin.storage.cache import Cache, Hold
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.server import RedisServer as RealServer

if TYPE_CHECKING:
    from pathlib import Path

    from redis_server import RedisServer

    from sso_plugin.storage.network.server import Server


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


class TestSharedDocuments(CacheContract):
    """On this machine and on a server."""

    @pytest.fixture(params=["virtual", "real"])
    def server(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
        if request.param == "virtual":
            return VirtualServer(time.time)
        running: RedisServer = request.getfixturevalue("redis_server")
        monkeypatch.setenv("SSO_PLUGIN_STORE_PASSWORD_FILE", "")
        return RealServer(read_store_address(running.url, "the test"))

    @pytest.fixture
    def cache(self, server: Server) -> Cache:
        return new_documents(server)


class TestSharedTokens(TestSharedDocuments):
    """Those that are no tokens stay on this machine."""

    @pytest.fixture
    def cache(self, server: Server) -> Cache:
        return new_tokens(server, local=MemoryCache())


def test_only_a_held_lock_is_true() -> None:
    """A refresh token is not used with any other one."""
    assert [hold for hold in Hold if hold] == [Hold.HELD]
