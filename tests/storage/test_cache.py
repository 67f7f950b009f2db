"""Caches: one contract for every place, and what happens to files."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.tokens import SSOTokenProvider

from sso_plugin.storage import cache as cache_module
from sso_plugin.storage import waiting
from sso_plugin.storage.cache import Cache, MemoryCache
from sso_plugin.storage.file_cache import FileCache, role_cache, token_cache
from sso_plugin.storage.folder import OpenFolder

if TYPE_CHECKING:
    from collections.abc import Callable

SPAWN = multiprocessing.get_context("spawn")


class CacheContract:
    """What every place for documents has to do."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        raise NotImplementedError

    def test_what_was_never_put_is_not_there(self, cache: Cache) -> None:
        """A missing document is None, not an error."""
        assert cache.get("key") is None

    def test_what_was_put_is_there(self, cache: Cache) -> None:
        """The document comes back, with the time it was stored."""
        cache.put("key", {"a": "ä", "b": [1]})
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"a": "ä", "b": [1]}
        assert abs(entry.stored_at - time.time()) < 60

    def test_what_is_put_again_takes_the_place_of_the_old(self, cache: Cache) -> None:
        """The whole document is replaced, not merged."""
        cache.put("key", {"a": 1})
        cache.put("key", {"b": 2})
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"b": 2}

    def test_keys_do_not_touch_each_other(self, cache: Cache) -> None:
        """Deleting one leaves the other."""
        cache.put("one", {"a": 1})
        cache.put("two", {"a": 2})
        cache.delete("one")
        assert cache.get("one") is None
        assert cache.get("two") is not None

    def test_keys_are_found_by_their_beginning(self, cache: Cache) -> None:
        """Those of documents that are there, and no others."""
        for key in ("one-a", "one-b", "two-a"):
            cache.put(key, {})
        cache.delete("one-b")
        assert cache.keys("one-") == {"one-a"}
        assert cache.keys("three-") == set()

    def test_deleting_nothing_is_no_error(self, cache: Cache) -> None:
        """Two logouts are as good as one."""
        cache.delete("key")

    def test_the_lock_keeps_others_out(self, cache: Cache) -> None:
        """Two threads are never both inside."""
        inside: list[int] = []
        most: list[int] = []

        def enter() -> None:
            with cache.locked("key"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.02)
                inside.pop()

        threads = [threading.Thread(target=enter) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == [1, 1, 1, 1]

    def test_the_lock_is_free_after_an_error(self, cache: Cache) -> None:
        """What fails inside does not lock others out."""
        with pytest.raises(ZeroDivisionError), cache.locked("key"):
            raise ZeroDivisionError
        with cache.locked("key"):
            pass

    def test_the_lock_is_not_waited_for_without_end(
        self, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A holder that hangs is passed by: a duplicate call is better than a dead script."""
        monkeypatch.setattr(cache_module, "LOCK_TIMEOUT", 0.05)
        entered = threading.Event()

        def enter() -> None:
            with cache.locked("key"):
                entered.set()

        with cache.locked("key"):
            thread = threading.Thread(target=enter)
            thread.start()
            assert entered.wait(10)
        thread.join()

    def test_who_takes_a_free_lock_does_not_count_as_waiting(
        self, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else a fork or the end of a script, if it looks meanwhile, cuts off a renewal."""
        waited: list[int] = []

        class Noted(set[int]):
            def add(self, ident: int) -> None:
                waited.append(ident)

        monkeypatch.setattr(waiting, "_waiting", Noted())
        with cache.locked("key") as held:
            assert held
            assert waited == []
            with cache.locked("key", 0.0) as again:
                assert not again
            assert waited == [threading.get_ident()]


class TestMemoryCache(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return MemoryCache()


class TestForeignMapping(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        from botocore.utils import JSONFileCache

        mapping: Any = JSONFileCache(str(tmp_path))
        return MemoryCache(mapping)


class TestFileCache(CacheContract):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        return FileCache(tmp_path / "new" / "folder")


class TestFileCacheWithoutFolder(CacheContract):
    """A place that cannot be written keeps its promises within the process."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        (tmp_path / "file").touch()
        return FileCache(tmp_path / "file" / "folder")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_and_folders_are_the_owners_alone(tmp_path: Path, umask: int) -> None:
    """0600 and 0700 under any umask; stock botocore makes 0777 under 000."""
    before = os.umask(umask)
    try:
        cache = FileCache(tmp_path / "a" / "b")
        cache.put("key", {"secret": "s"})
        with cache.locked("key"):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
    assert modes == {"b": 0o700, "key.json": 0o600, "key.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def _no_file(path: Path) -> None:
    """Leave nothing."""


def _empty(path: Path) -> None:
    path.touch()


def _cut(path: Path) -> None:
    path.write_text('{"accessToken": "abc', encoding="utf-8")


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def _list(path: Path) -> None:
    path.write_text("[1, 2]", encoding="utf-8")


def _deep(path: Path) -> None:
    path.write_text("[" * 200_000, encoding="utf-8")


def _huge(path: Path) -> None:
    path.write_text('{"a": "' + "x" * 2_000_000 + '"}', encoding="utf-8")


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text('{"accessToken": "planted"}', encoding="utf-8")
    target.chmod(0o666)
    path.symlink_to(target)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


DAMAGE = [_no_file, _empty, _cut, _binary, _list, _deep, _huge, _link, _pipe]


@pytest.mark.parametrize("damage", [*DAMAGE, _folder])
def test_a_file_that_cannot_be_used_is_as_good_as_none(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """No KeyError and no JSON error (boto/botocore#3106); a person is told which file it is."""
    damage(tmp_path / "key.json")
    assert FileCache(tmp_path).get("key") is None
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == (0 if damage is _no_file else 1)
    assert all(str(tmp_path / "key.json") in record.getMessage() for record in told)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_cannot_be_used_is_replaced(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """The next put heals it, and nothing outside is touched."""
    damage(tmp_path / "key.json")
    cache = FileCache(tmp_path)
    cache.put("key", {"a": 1})
    assert json.loads((tmp_path / "key.json").read_text(encoding="utf-8")) == {"a": 1}
    assert not (tmp_path / "key.json").is_symlink()
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_a_failed_write_leaves_no_temporary_file_and_keeps_the_document(tmp_path: Path) -> None:
    """Where a folder stands in the place of the file, the document stays in memory."""
    _folder(tmp_path / "key.json")
    cache = FileCache(tmp_path)
    cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_file_that_others_can_write_is_not_trusted(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else may have put their token into it; the next put takes its place."""
    cache = FileCache(tmp_path)
    cache.put("key", {"a": 1})
    (tmp_path / "key.json").chmod(mode)
    assert cache.get("key") is None
    assert caplog.messages == [
        f"Ignoring {tmp_path / 'key.json'}, which is not trusted: other users can write it "
        f"(if you trust it, run: chmod 600 {tmp_path / 'key.json'})"
    ]
    cache.put("key", {"a": 2})
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 2}


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    """After a minute, by the next writer; a file of another program stays."""
    for name, age in (("sso-plugin-old.tmp", 120), ("sso-plugin-new.tmp", 0), ("other.tmp", 999)):
        (tmp_path / name).touch()
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    FileCache(tmp_path).put("key", {})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["key.json", "other.tmp", "sso-plugin-new.tmp"]


def test_without_a_home_directory_documents_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No folder named ``~`` appears anywhere."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", "~/.aws/sso/cache")
    monkeypatch.chdir(tmp_path)
    cache = token_cache()
    cache.put("key", {"a": 1})
    assert isinstance(cache, MemoryCache)
    assert list(tmp_path.iterdir()) == []


def _add_one(folder: Path, times: int, begin: Any) -> None:
    cache = FileCache(folder)
    begin.wait()
    for _ in range(times):
        with cache.locked("key"):
            entry = cache.get("key")
            cache.put("key", {"n": (entry.document["n"] if entry else 0) + 1})


def test_processes_that_read_and_write_under_the_lock_lose_nothing(tmp_path: Path) -> None:
    """Eight real processes, released together, count to 80 in one file."""
    begin = SPAWN.Event()
    processes = [SPAWN.Process(target=_add_one, args=(tmp_path, 10, begin)) for _ in range(8)]
    for process in processes:
        process.start()
    begin.set()
    for process in processes:
        process.join(60)
    entry = FileCache(tmp_path).get("key")
    assert entry is not None
    assert entry.document == {"n": 80}
    assert [process.exitcode for process in processes] == [0] * 8


def _hold(folder: Path, held: Any) -> None:
    with FileCache(folder).locked("key"):
        held.set()
        time.sleep(60)


def test_a_process_that_is_killed_frees_the_lock(tmp_path: Path) -> None:
    """SIGKILL of the holder lets the next one in at once, long before the timeout."""
    held = SPAWN.Event()
    process = SPAWN.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(30)
    entered = threading.Event()

    def enter() -> None:
        with FileCache(tmp_path).locked("key"):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.2)
    process.kill()
    assert entered.wait(10)
    thread.join()
    process.join()


def test_sessions_of_one_process_share_what_cannot_be_written(tmp_path: Path) -> None:
    """Else the second of them would spend a refresh token that the first has spent."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    FileCache(folder).put("key", {"a": 1})
    entry = FileCache(folder).get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_sessions_of_one_process_share_its_memory() -> None:
    """Of those that have ``sso_cache = memory``, one asks the portal."""
    assert role_cache(in_memory=True) is role_cache(in_memory=True)


def test_the_memory_tells_when_something_was_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when it was asked for."""
    cache = MemoryCache()
    before = time.time()
    cache.put("key", {})
    after = time.time()
    monkeypatch.setattr(time, "time", lambda: after + 100)
    entry = cache.get("key")
    assert entry is not None
    assert before <= entry.stored_at <= after


def test_a_lock_tells_whether_it_is_held(tmp_path: Path) -> None:
    """Who cannot wait learns that another writer is at work."""
    for cache in (FileCache(tmp_path), MemoryCache()):
        with cache.locked("key") as held, cache.locked("key", 0.0) as also:
            assert (held, also) == (True, False)


def test_threads_keep_each_other_out_where_processes_cannot(tmp_path: Path) -> None:
    """In a folder that cannot be written there is no lock file."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    with FileCache(folder).locked("key") as held, FileCache(folder).locked("key", 0.0) as also:
        assert (held, also) == (True, False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_lock_in_memory_that_was_held_at_a_fork_is_free_in_the_child() -> None:
    """The thread that would release it does not exist there."""
    cache = MemoryCache()
    with cache.locked("key"):
        child = os.fork()
        if child == 0:
            with cache.locked("key", 0.0) as held:
                os._exit(0 if held else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_what_has_to_survive_a_power_cut_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else, for it can take a disk's time."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    FileCache(tmp_path, durable=False).put("key", {})
    assert len(synced) == 0
    FileCache(tmp_path).put("key", {})
    assert len(synced) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner on this system")
@pytest.mark.parametrize(
    ("euid", "owner", "entries"),
    [(1000, 1000, 1), (1000, 0, 1), (1000, 1001, 0), (0, 1001, 1)],
)
def test_a_file_is_trusted_by_its_owner_by_root_and_if_root_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, euid: int, owner: int, entries: int
) -> None:
    """Another user's file may hold another user's token."""
    cache = FileCache(tmp_path)
    cache.put("key", {})
    real = os.fstat

    def owned(descriptor: int) -> os.stat_result:
        found = list(real(descriptor))
        found[stat.ST_UID] = owner
        return os.stat_result(found)

    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(os, "fstat", owned)
    assert len([*filter(None, [cache.get("key")])]) == entries


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, None),
        ("{}", None),
        ("[]", "is damaged: it is not a JSON object"),
        ('{"a": ' + "9" * 5000 + "}", "is damaged: it is not a JSON object"),
        ('{"a": ' + "[" * 19 + "]" * 19 + "}", None),
        ('{"a": ' + "[" * 20 + "]" * 20 + "}", "is damaged: it is nested deeper than 20 levels"),
        (
            '{"a": ' + '{"a": ' * 500 + "1" + "}" * 501,
            "is damaged: it is nested deeper than 20 levels",
        ),
        ("{}" + " " * (1024 * 1024 - 2), None),
        ("{}" + " " * (1024 * 1024 - 1), "is larger than 1 MiB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_fault_is_told_to_those_who_ask(
    tmp_path: Path, content: str | None, fault: str | None
) -> None:
    """What is not there has none."""
    if content is not None:
        (tmp_path / "key.json").write_text(content)
        (tmp_path / "key.json").chmod(0o600)
    assert FileCache(tmp_path).why_unusable("key") == fault
    assert MemoryCache().why_unusable("key") is None


def test_a_file_that_others_can_write_in_a_folder_that_we_cannot_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether files have modes there cannot be tried."""
    cache = FileCache(tmp_path)
    cache.put("key", {})
    (tmp_path / "key.json").chmod(0o666)

    def read_only(*_: object) -> tuple[int, str]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    assert cache.get("key") is None


def test_no_file_outside_of_the_folder_has_a_key(tmp_path: Path) -> None:
    """A key names a file of the cache, or nothing."""
    cache = FileCache(tmp_path / "folder")
    for key in ("../victim", str(tmp_path / "victim"), "a/b", "", "\0", "a b", "\u0661"):
        with pytest.raises(ValueError, match="is not a valid file name"):
            cache.delete(key)


def test_a_write_goes_on_although_its_new_file_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that another process logs out at this moment still succeeds."""
    cache = FileCache(tmp_path)
    rename, logouts = OpenFolder.rename, [1]

    def after_a_logout(folder: OpenFolder, old: str, new: str) -> None:
        if logouts.pop():
            logouts.append(0)
            FileCache(tmp_path).delete("key")
        else:
            logouts.append(0)
        rename(folder, old, new)

    monkeypatch.setattr(OpenFolder, "rename", after_a_logout)
    cache.put("key", {"a": 1})
    assert json.loads((tmp_path / "key.json").read_text(encoding="utf-8")) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_a_write_whose_new_file_is_always_deleted_comes_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document stays in the memory of the process."""
    rename = OpenFolder.rename

    def deleted(folder: OpenFolder, old: str, new: str) -> None:
        folder.unlink(old)
        rename(folder, old, new)

    monkeypatch.setattr(OpenFolder, "rename", deleted)
    cache = FileCache(tmp_path)
    cache.put("key", {"a": 1})
    assert list(tmp_path.iterdir()) == []
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_a_deletion_takes_along_what_killed_writers_left(tmp_path: Path) -> None:
    """Of the same file at any age; of other files, and of older versions, after a minute."""
    ages = {
        "sso-plugin-key.json-1.tmp": 0,
        "sso-plugin-key.json-2.tmp": 999,
        "sso-plugin-other.json-1.tmp": 0,
        "sso-plugin-other.json-2.tmp": 120,
        "sso-plugin-abcd.tmp": 120,
        "foreign.tmp": 999,
    }
    for name, age in ages.items():
        (tmp_path / name).touch()
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    FileCache(tmp_path).delete("key")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["foreign.tmp", "sso-plugin-other.json-1.tmp"]


def test_a_deletion_takes_along_the_new_file_where_a_folder_is_in_the_way(tmp_path: Path) -> None:
    """What cannot be deleted does not protect the rest."""
    _folder(tmp_path / "key.json")
    (tmp_path / "sso-plugin-key.json-1.tmp").write_text("secret")
    FileCache(tmp_path).delete("key")
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]
