"""Files are replaced in one step, and temporary files do not stay."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest
from caches import file_cache

from sso_plugin.storage.folder import OpenFolder
from sso_plugin.storage.writing import FolderToWrite

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_not_replaced_if_the_check_forbids_it(tmp_path: Path) -> None:
    """The check is made when the temporary file is complete."""
    folder = FolderToWrite(tmp_path, durable=False)
    folder.write("key.json", "old")
    seen: list[str] = []

    def forbid() -> bool:
        seen.extend(path.read_text() for path in tmp_path.glob("*.tmp"))
        return False

    assert not folder.write_if("key.json", "new", forbid)
    assert seen == ["new"]
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_canceled_write_repeats_its_check(tmp_path: Path) -> None:
    """The temporary file was deleted between the check and the replacement."""
    folder = FolderToWrite(tmp_path, durable=False)
    checks: list[int] = []

    def allow_once() -> bool:
        checks.append(1)
        folder.cancel("key.json")
        return len(checks) == 1

    assert not folder.write_if("key.json", "new", allow_once)
    assert len(checks) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_files_and_folders(tmp_path: Path, umask: int) -> None:
    """With modes 0600 and 0700 under any umask. botocore creates files with 0777 under 000."""
    before = os.umask(umask)
    try:
        cache = file_cache(tmp_path / "a" / "b")
        cache.put("key", {"secret": "s"})
        with cache.locked("key"):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
    assert modes == {"b": 0o700, "key.json": 0o600, "key.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    """A folder has the name of the file. The document stays in memory."""
    (tmp_path / "key.json").mkdir()
    cache = file_cache(tmp_path)
    cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_temporary_files_of_killed_writers_are_deleted(tmp_path: Path) -> None:
    """After a minute, by the next writer. Files of other programs are not."""
    for name, age in (("sso-plugin-old.tmp", 120), ("sso-plugin-new.tmp", 0), ("other.tmp", 999)):
        (tmp_path / name).touch()
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    file_cache(tmp_path).put("key", {})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["key.json", "other.tmp", "sso-plugin-new.tmp"]


def test_a_durable_file_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other files are not, because that waits for the disk."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    file_cache(tmp_path, durable=False).put("key", {})
    assert len(synced) == 0
    file_cache(tmp_path).put("key", {})
    assert len(synced) == 1


def test_a_write_is_repeated_if_its_temporary_file_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login succeeds also if another process logs out at this moment."""
    cache = file_cache(tmp_path)
    rename, logouts = OpenFolder.rename, [1]

    def after_a_logout(folder: OpenFolder, old: str, new: str) -> None:
        if logouts.pop():
            logouts.append(0)
            file_cache(tmp_path).delete("key")
        else:
            logouts.append(0)
        rename(folder, old, new)

    monkeypatch.setattr(OpenFolder, "rename", after_a_logout)
    cache.put("key", {"a": 1})
    assert json.loads((tmp_path / "key.json").read_text(encoding="utf-8")) == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_a_write_ends_if_its_temporary_file_is_always_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document stays in memory."""
    rename = OpenFolder.rename

    def deleted(folder: OpenFolder, old: str, new: str) -> None:
        folder.unlink(old)
        rename(folder, old, new)

    monkeypatch.setattr(OpenFolder, "rename", deleted)
    cache = file_cache(tmp_path)
    cache.put("key", {"a": 1})
    assert list(tmp_path.iterdir()) == []
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_a_deletion_deletes_the_temporary_files_of_killed_writers(tmp_path: Path) -> None:
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
    file_cache(tmp_path).delete("key")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["foreign.tmp", "sso-plugin-other.json-1.tmp"]


def test_a_deletion_that_fails_deletes_temporary_files(tmp_path: Path) -> None:
    """A folder has the name of the file, and cannot be deleted."""
    (tmp_path / "key.json").mkdir()
    (tmp_path / "sso-plugin-key.json-1.tmp").write_text("secret")
    file_cache(tmp_path).delete("key")
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]
