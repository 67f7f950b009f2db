"""Files are sealed again with the newest key, each under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import KEY, file_cache, sealed_folder

from sso_plugin.storage.resealing import reseal_all
from sso_plugin.storage.sealing import KeyUnavailableError, sealer

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.documents import DocumentFolder

OTHER_KEY = "b3RoZXIga2V5IG9mIGV4YWN0bHkgMzIgYnl0ZXMhISE="
DOCUMENT = {"accessToken": "hush"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DocumentFolder:
    """Return a folder with two files that an older key has sealed."""
    monkeypatch.setattr(sealer, "_sealings", {})
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    folder = sealed_folder(tmp_path / "tokens")
    for key in ("one", "two"):
        folder.write(key, DOCUMENT)
    monkeypatch.setenv("SSO_PLUGIN_KEY", f"{OTHER_KEY} {KEY}")
    return folder


def test_a_file_keeps_its_time_and_its_identity(folder: DocumentFolder, tmp_path: Path) -> None:
    """The time tells when the document was stored. A second run has nothing to do."""
    before = folder.file("one").stat().st_mtime_ns, folder.identity("one")
    result = reseal_all([(folder, file_cache(tmp_path))])
    assert result.done == [str(folder.file("one")), str(folder.file("two"))]
    assert (folder.file("one").stat().st_mtime_ns, folder.identity("one")) == before
    assert reseal_all([(folder, file_cache(tmp_path))]).done == []


def test_the_older_key_is_not_needed_afterwards(
    folder: DocumentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content stays."""
    reseal_all([(folder, file_cache(tmp_path))])
    monkeypatch.setenv("SSO_PLUGIN_KEY", OTHER_KEY)
    monkeypatch.setattr(sealer, "_sealings", {})
    entry = sealed_folder(folder.path).load("one")
    assert entry is not None
    assert entry.document == DOCUMENT


def test_a_locked_file_stays(
    folder: DocumentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer may have read it, and would put it back."""
    monkeypatch.setattr("sso_plugin.storage.cache.LOCK_TIMEOUT", 0.1)
    locks = file_cache(tmp_path)
    with locks.locked("one"):
        result = reseal_all([(folder, locks)])
    assert result.done == [str(folder.file("two"))]
    [failed] = result.failed
    assert failed.startswith(str(tmp_path / "one.lock"))


def test_a_file_that_was_replaced_meanwhile_stays(
    folder: DocumentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login takes no lock, and its token is newer."""
    sealing = folder.sealing
    assert sealing is not None
    seal = sealing.seal

    def replaced_while_it_is_sealed(*arguments: object) -> object:
        monkeypatch.setattr(sealing, "seal", seal)
        folder.write("one", {"accessToken": "newer"})
        return seal(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sealing, "seal", replaced_while_it_is_sealed)
    reseal_all([(folder, file_cache(tmp_path))])
    entry = folder.load("one")
    assert entry is not None
    assert entry.document == {"accessToken": "newer"}


def test_a_damaged_file_stays(folder: DocumentFolder, tmp_path: Path) -> None:
    """It is reported, and the others are sealed again."""
    folder.file("one").write_text("{}")
    result = reseal_all([(folder, file_cache(tmp_path))])
    assert len(result.unreadable) == 1
    assert result.done == [str(folder.file("two"))]


def test_without_the_key_nothing_changes(
    folder: DocumentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the reason."""
    before = folder.file("one").read_bytes()
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    with pytest.raises(KeyUnavailableError):
        reseal_all([(folder, file_cache(tmp_path))])
    assert folder.file("one").read_bytes() == before


@pytest.mark.parametrize("name", ["tokens", "missing"])
def test_a_folder_without_files_is_no_error(tmp_path: Path, name: str) -> None:
    """Nothing was sealed yet."""
    folder = sealed_folder(tmp_path / name)
    assert reseal_all([(folder, file_cache(tmp_path))]) == ([], [], [])
