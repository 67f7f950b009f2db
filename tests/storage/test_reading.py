"""Which files are read, and what happens to the others."""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import tempfile
from typing import TYPE_CHECKING

import pytest
from caches import file_cache

from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.reading import UnusableFileError, read_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_document_is_returned_with_the_status_of_its_file(tmp_path: Path) -> None:
    """Of the open file, so both belong together."""
    path = tmp_path / "key.json"
    path.write_text('{"a": 1}')
    found = read_document(str(path))
    assert found is not None
    assert found[0] == {"a": 1}
    assert found[1].st_ino == path.stat().st_ino


def test_a_missing_file_is_not_an_error(tmp_path: Path) -> None:
    """Nor is a missing folder, or a file in the place of the folder."""
    (tmp_path / "file").touch()
    for name in ("key.json", "missing/key.json", "file/key.json"):
        assert read_document(str(tmp_path / name)) is None


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """The message is the end of a sentence."""
    (tmp_path / "key.json").mkdir()
    with pytest.raises(UnusableFileError, match=r"^cannot be read: "):
        read_document(str(tmp_path / "key.json"))


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
def test_an_unusable_file_is_ignored_with_one_warning(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Which names the file. There is no KeyError and no JSON error (boto/botocore#3106)."""
    damage(tmp_path / "key.json")
    assert file_cache(tmp_path).get("key") is None
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == (0 if damage is _no_file else 1)
    assert all(str(tmp_path / "key.json") in record.getMessage() for record in warnings)


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_unusable_file_is_replaced(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """By the next document. A file that a link leads to is not changed."""
    damage(tmp_path / "key.json")
    cache = file_cache(tmp_path)
    cache.put("key", {"a": 1})
    assert json.loads((tmp_path / "key.json").read_text(encoding="utf-8")) == {"a": 1}
    assert not (tmp_path / "key.json").is_symlink()
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_file_that_others_can_write_is_not_trusted(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be the token of another user. The next document replaces it."""
    cache = file_cache(tmp_path)
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


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner on this system")
@pytest.mark.parametrize(
    ("euid", "owner", "entries"),
    [(1000, 1000, 1), (1000, 0, 1), (1000, 1001, 0), (0, 1001, 1)],
)
def test_a_file_is_read_by_its_owner_and_by_root_and_if_root_owns_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, euid: int, owner: int, entries: int
) -> None:
    """A file of another user may be the token of another user."""
    cache = file_cache(tmp_path)
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
    ("content", "why"),
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
def test_the_reason_why_a_file_is_unusable_is_returned(
    tmp_path: Path, content: str | None, why: str | None
) -> None:
    """A missing file has none."""
    if content is not None:
        (tmp_path / "key.json").write_text(content)
        (tmp_path / "key.json").chmod(0o600)
    assert file_cache(tmp_path).why_unusable("key") == why
    assert MemoryCache().why_unusable("key") is None


def test_a_file_that_others_can_write_in_a_read_only_folder_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether files have modes cannot be tested there."""
    cache = file_cache(tmp_path)
    cache.put("key", {})
    (tmp_path / "key.json").chmod(0o666)

    def read_only(*_: object) -> tuple[int, str]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    assert cache.get("key") is None
