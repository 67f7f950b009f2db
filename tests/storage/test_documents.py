"""The files of one folder, in clear text and sealed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from caches import KEY, document_folder, sealed_folder

from sso_plugin.storage.keys import content_identity
from sso_plugin.storage.reading import UnusableFileError

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.documents import DocumentFolder

TOKEN = {"accessToken": "hush", "expiresAt": "2030-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)


@pytest.fixture(params=["plain", "sealed"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> DocumentFolder:
    make = sealed_folder if request.param == "sealed" else document_folder
    return make(tmp_path / "tokens")


def test_a_document_is_read_as_it_was_written(folder: DocumentFolder) -> None:
    """With its mark and identity."""
    assert folder.write("key", TOKEN)
    entry = folder.load("key")
    assert entry is not None
    assert (entry.document, entry.mark) == (TOKEN, folder.mark("key"))
    assert folder.identity("key") == content_identity(TOKEN)


def test_a_missing_document_is_none(folder: DocumentFolder) -> None:
    """It has no mark and no identity."""
    assert folder.load("key") is None
    assert folder.mark("key") is None
    assert folder.identity("key") is None


def test_only_a_sealed_file_hides_its_content(tmp_path: Path) -> None:
    """The names of the keys are hidden, too."""
    plain, sealed = document_folder(tmp_path / "plain"), sealed_folder(tmp_path / "sealed")
    for folder in (plain, sealed):
        folder.write("key", TOKEN)
    assert json.loads(plain.file("key").read_text()) == TOKEN
    text = sealed.file("key").read_text()
    assert "hush" not in text
    assert "accessToken" not in text


def test_a_sealed_file_opens_in_its_own_place_only(tmp_path: Path) -> None:
    """A token cannot be put in the place of another one, or of role credentials."""
    tokens, roles = sealed_folder(tmp_path / "tokens"), sealed_folder(tmp_path / "roles")
    tokens.write("one", TOKEN)
    roles.path.mkdir()
    for place in (tokens.file("two"), roles.file("one")):
        place.write_bytes(tokens.file("one").read_bytes())
        place.chmod(0o600)
    for folder, key in ((tokens, "two"), (roles, "one")):
        with pytest.raises(UnusableFileError, match="is the sealed document of another file"):
            folder.load(key)


def test_the_identity_is_known_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is known which login role credentials come from."""
    folder = sealed_folder(tmp_path)
    folder.write("key", TOKEN)
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    assert folder.identity("key") == content_identity(TOKEN)


def test_a_file_without_its_key_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason says that it is sealed. Nothing is written without a key."""
    folder = sealed_folder(tmp_path)
    folder.write("key", TOKEN)
    before = folder.file("key").read_bytes()
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    forget_keys(monkeypatch)
    with pytest.raises(UnusableFileError, match=r"^is sealed, and neither SSO_PLUGIN_KEY nor "):
        folder.load("key")
    with pytest.raises(UnusableFileError, match=r"^cannot be sealed: neither SSO_PLUGIN_KEY nor "):
        folder.write("key", {"a": 1})
    assert folder.file("key").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["key.json"]


def test_a_missing_key_is_reported_once_for_all_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason is the same, and it is long. A damaged file is reported each time."""
    folder = sealed_folder(tmp_path)
    for key in ("one", "two"):
        folder.write(key, TOKEN)
    monkeypatch.setattr("sso_plugin.storage.documents._reported", set())
    monkeypatch.delenv("SSO_PLUGIN_KEY")
    forget_keys(monkeypatch)
    assert [folder.read(key) for key in ("one", "two")] == [None, None]
    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith(f"Ignoring {folder.file('one')}, which is sealed, and neither ")
    for key in ("one", "two"):
        folder.file(key).write_text("{}")
        folder.read(key)
    assert len(caplog.records) == 3


def test_an_invalid_key_is_not_the_name_of_a_file(folder: DocumentFolder) -> None:
    """It could name a file in another folder."""
    for key in ("../victim", "a/b", "", "\0"):
        with pytest.raises(ValueError, match="is not a valid file name"):
            folder.load(key)


def forget_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process read the encryption key again."""
    monkeypatch.setattr("sso_plugin.storage.sealing.sealer._sealings", {})
