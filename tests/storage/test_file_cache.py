"""The cache in files, and its memory for documents that cannot be written."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from caches import KEY, document_folder, file_cache, sealed_folder

from sso_plugin.storage.cache import Hold
from sso_plugin.storage.documents import DocumentFolder, Places
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.folder import OpenFolder
from sso_plugin.storage.memory_cache import memory_cache
from sso_plugin.storage.sealing.environment import EnvironmentKeys
from sso_plugin.storage.sealing.sealer import Sealing

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.documents import Entry, Mark


def test_sessions_share_documents_that_cannot_be_written(tmp_path: Path) -> None:
    """Otherwise the second session would use a refresh token again."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"
    file_cache(folder).put("key", {"a": 1})
    entry = file_cache(folder).get("key")
    assert entry is not None
    assert entry.document == {"a": 1}


def test_a_key_cannot_name_a_file_outside_of_the_folder(tmp_path: Path) -> None:
    """Such a key is an error."""
    cache = file_cache(tmp_path / "folder")
    for key in ("../victim", str(tmp_path / "victim"), "a/b", "", "\0", "a b", "\u0661"):
        with pytest.raises(ValueError, match="is not a valid file name"):
            cache.delete(key)


def test_the_newer_of_a_file_and_a_document_in_memory_is_used(tmp_path: Path) -> None:
    """Another process may be able to write the folder again."""
    cache = file_cache(tmp_path)
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
    cache = file_cache(tmp_path)
    cache.put("key", {"a": 1})
    first = cache.mark("key")
    entry = cache.get("key")
    assert entry is not None
    assert first == cache.mark("key") == entry.mark


def test_caches_in_memory_have_names() -> None:
    """Sessions share the cache of the same name."""
    memory_cache("one").put("key", {"a": 1})
    assert memory_cache("one").get("key") is not None
    assert memory_cache("two").get("key") is None


TOKEN = {"accessToken": "hush"}


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)


@pytest.mark.usefixtures("_key")
class TestMoving:
    """Documents move between plain and sealed files when they are next written."""

    @pytest.fixture(params=["to sealed", "to plain"])
    def folders(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> tuple[DocumentFolder, DocumentFolder]:
        """Return the former and the present folder."""
        both = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
        return both if request.param == "to sealed" else (both[1], both[0])

    def test_a_document_is_read_where_it_was(
        self, folders: tuple[DocumentFolder, DocumentFolder]
    ) -> None:
        """With its mark, identity and path. Reading it does not move it."""
        former, present = folders
        former.write("key", TOKEN)
        cache = FileCache(present, former)
        entry = cache.get("key")
        assert entry is not None
        assert (entry.document, cache.keys("k")) == (TOKEN, {"key"})
        assert (cache.mark("key"), cache.identity("key")) == (
            former.mark("key"),
            former.identity("key"),
        )
        assert cache.describe("key") == str(former.file("key"))
        assert present.mark("key") is None

    @pytest.mark.parametrize("how", ["put", "supersede", "replace"])
    def test_a_write_moves_it(
        self, folders: tuple[DocumentFolder, DocumentFolder], how: str
    ) -> None:
        """The former file is deleted. The identity of an unchanged document stays."""
        former, present = folders
        former.write("key", TOKEN)
        cache = FileCache(present, former)
        before = cache.identity("key")
        if how == "replace":
            assert cache.replace("key", TOKEN, replacing=TOKEN)
        else:
            getattr(cache, how)("key", TOKEN)
        assert former.mark("key") is None
        assert cache.identity("key") == before == present.identity("key")
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == TOKEN

    def test_the_newer_file_counts(self, folders: tuple[DocumentFolder, DocumentFolder]) -> None:
        """Another program may have logged in, in clear text. It moves with the next write."""
        former, present = folders
        cache = FileCache(present, former)
        cache.put("key", {"a": "old"})
        former.write("key", {"a": "new"})
        age(present.file("key"), 10)
        entry = cache.get("key")
        assert entry is not None
        assert (entry.document, entry.mark) == ({"a": "new"}, cache.mark("key"))
        assert not cache.replace("key", {"a": "newer"}, replacing={"a": "old"})
        assert cache.replace("key", {"a": "newer"}, replacing={"a": "new"})
        assert former.mark("key") is None

    def test_a_copy_that_a_killed_writer_left_is_older(
        self, folders: tuple[DocumentFolder, DocumentFolder]
    ) -> None:
        """It has a refresh token that is spent. It is not used, and the next write deletes it."""
        former, present = folders
        former.write("key", {"a": "spent"})
        present.write("key", {"a": "new"})
        age(former.file("key"), 10)
        cache = FileCache(present, former)
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"a": "new"}
        present.file("key").write_text("damaged")
        assert cache.get("key") is None
        cache.put("key", {"a": "login"})
        assert former.mark("key") is None

    def test_a_document_settles_where_new_ones_are_stored(
        self, folders: tuple[DocumentFolder, DocumentFolder]
    ) -> None:
        """Once. A document that has settled is not written again."""
        former, present = folders
        former.write("key", TOKEN)
        cache = FileCache(present, former)
        cache.settle("key")
        mark = present.mark("key")
        assert former.mark("key") is None
        cache.settle("key")
        cache.settle("other")
        assert (present.mark("key"), cache.keys("")) == (mark, {"key"})
        former.write("key", {"a": "spent"})
        age(former.file("key"), 10)
        cache.settle("key")
        assert (present.mark("key"), former.mark("key")) == (mark, None)

    def test_a_damaged_document_does_not_settle(
        self, folders: tuple[DocumentFolder, DocumentFolder]
    ) -> None:
        """It may be the newer one, and a person may want to see it."""
        former, present = folders
        former.write("key", TOKEN)
        former.file("key").write_text("damaged")
        FileCache(present, former).settle("key")
        assert former.file("key").read_text() == "damaged"
        assert present.mark("key") is None

    @pytest.mark.parametrize("what", ["get", "mark", "identity"])
    def test_a_document_that_moves_is_found_at_any_time(
        self,
        folders: tuple[DocumentFolder, DocumentFolder],
        monkeypatch: pytest.MonkeyPatch,
        what: str,
    ) -> None:
        """Here, another process moves it after the reader has looked where it is."""
        former, present = folders
        former.write("key", TOKEN)
        mover, cache = FileCache(present, former), FileCache(present, former)
        newest = Places.newest

        def late(places: Places, key: str) -> DocumentFolder:
            found = newest(places, key)
            if places is cache._places and former.mark("key"):
                mover.put("key", TOKEN)
            return found

        monkeypatch.setattr(Places, "newest", late)
        assert getattr(cache, what)("key") is not None
        assert former.mark("key") is None

    def test_a_renewal_with_the_former_setting_does_not_replace_a_login(
        self, folders: tuple[DocumentFolder, DocumentFolder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It has made its last check, and is about to rename its file into the other folder."""
        former, present = folders
        present.write("key", TOKEN)
        login = {"accessToken": "login"}
        rename = OpenFolder.rename
        renewed: list[str] = []

        def late(folder: OpenFolder, temporary: str, name: str) -> None:
            if not renewed:
                renewed.append(temporary)
                FileCache(present, former).supersede("key", login)
            rename(folder, temporary, name)

        monkeypatch.setattr(OpenFolder, "rename", late)
        renewing = FileCache(former, present)
        assert not renewing.replace("key", {"accessToken": "renewed"}, replacing=TOKEN)
        entry = renewing.get("key")
        assert entry is not None
        assert entry.document == login

    def test_a_renewal_does_not_delete_a_login_with_the_former_setting(
        self, folders: tuple[DocumentFolder, DocumentFolder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It has renamed its file, and is about to delete the older file in the other folder."""
        former, present = folders
        former.write("key", TOKEN)
        login = {"accessToken": "login"}
        rename = OpenFolder.rename
        renewed: list[str] = []

        def early(folder: OpenFolder, temporary: str, name: str) -> None:
            rename(folder, temporary, name)
            if not renewed:
                renewed.append(temporary)
                FileCache(former, present).supersede("key", login)

        monkeypatch.setattr(OpenFolder, "rename", early)
        renewing = FileCache(present, former)
        assert renewing.replace("key", {"accessToken": "renewed"}, replacing=TOKEN)
        entry = renewing.get("key")
        assert entry is not None
        assert (entry.document, renewing.describe("key")) == (login, str(former.file("key")))

    def test_a_login_deletes_a_renewed_document_with_the_former_setting(
        self, folders: tuple[DocumentFolder, DocumentFolder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The renewal has renamed its file directly after the login looked for an older one."""
        former, present = folders
        forget = FileCache._forget_others
        renewed: list[str] = []

        def late(cache: FileCache, key: str, older: Mark | None) -> None:
            forget(cache, key, older)
            if not renewed:
                renewed.append(key)
                former.write(key, {"accessToken": "renewed"})
                age(former.file(key), 10)

        monkeypatch.setattr(FileCache, "_forget_others", late)
        FileCache(present, former).supersede("key", {"accessToken": "login"})
        assert former.mark("key") is None

    def test_a_document_that_is_deleted_does_not_settle(
        self, folders: tuple[DocumentFolder, DocumentFolder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A logout comes while it moves."""
        former, present = folders
        former.write("key", TOKEN)
        read = DocumentFolder.read

        def late(folder: DocumentFolder, key: str) -> Entry | None:
            found = read(folder, key)
            FileCache(former, present).end(key)
            return found

        monkeypatch.setattr(DocumentFolder, "read", late)
        FileCache(present, former).settle("key")
        assert former.mark("key") is present.mark("key") is None

    def test_both_are_deleted(self, folders: tuple[DocumentFolder, DocumentFolder]) -> None:
        """By a logout."""
        former, present = folders
        for folder in folders:
            folder.write("key", TOKEN)
        assert FileCache(present, former).end("key") is None
        assert former.mark("key") is present.mark("key") is None


@pytest.mark.usefixtures("_key")
def test_plain_and_sealed_files_of_a_key_have_one_lock(tmp_path: Path) -> None:
    """Profiles with different settings do not renew one token at the same time."""
    plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
    with (
        FileCache(plain, sealed).locked("key") as first,
        FileCache(sealed, plain, locks=plain).locked("key", 0.0) as second,
    ):
        assert (first, second) == (Hold.HELD, Hold.PASSED_BY)


def test_a_renewal_does_not_replace_a_login_that_it_has_no_key_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login is newer, and was made with another setting."""
    plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
    plain.write("key", TOKEN)
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    FileCache(sealed, plain).supersede("key", {"accessToken": "login"})
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    without_key = DocumentFolder(sealed.path, sealing=lambda: Sealing(EnvironmentKeys()))
    renewing = FileCache(plain, without_key)
    assert str(renewing.why_unusable("key")).startswith("is sealed, and ")
    assert not renewing.replace("key", {"accessToken": "renewed"}, replacing=TOKEN)
    assert (plain.mark("key"), sealed.mark("key") is None) == (None, False)


def test_without_a_key_a_document_does_not_settle(tmp_path: Path) -> None:
    """It stays in clear text, where it was."""
    plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
    plain.write("key", {"a": 1})
    cache = FileCache(sealed, plain, locks=plain)
    cache.settle("key")
    assert cache.describe("key") == str(plain.file("key"))
    assert cache.why_not_stored("key") is None


def test_without_a_key_a_document_stays_in_memory_and_no_file_is_written(tmp_path: Path) -> None:
    """The plain file of an earlier setting stays as it is."""
    plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
    plain.write("key", {"a": 1})
    cache = FileCache(sealed, plain, locks=plain)
    why = str(cache.why_not_storable("key"))
    assert why.startswith("neither SSO_PLUGIN_KEY nor SSO_PLUGIN_KEY_FILE is set")
    assert cache.why_no_key() == why
    cache.put("key", {"a": 2})
    entry = cache.get("key")
    assert entry is not None
    assert entry.document == {"a": 2}
    assert cache.why_not_stored("key") == f"{sealed.file('key')} cannot be sealed: {why}"
    assert not sealed.path.exists()
    found = plain.load("key")
    assert found is not None
    assert found.document == {"a": 1}


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
