"""The links in a path, and which of them root follows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import other_user
import pytest
from other_user import ATTACKER, USER

from sso_plugin.storage import links
from sso_plugin.storage.links import check_links, resolve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "folder"
    folder.mkdir()
    return folder


def test_a_path_without_links_is_not_changed(folder: Path) -> None:
    """Also if the file does not exist."""
    assert resolve(folder / "missing/key.json") == (folder / "missing/key.json", frozenset())


def test_links_are_resolved(folder: Path) -> None:
    """Relative and absolute ones, one that leads to another one, and ``..``."""
    (folder / "real").mkdir()
    (folder / "relative").symlink_to("real")
    (folder / "absolute").symlink_to(folder / "relative")
    (folder / "real/up").symlink_to("../real")
    for name in ("relative", "absolute", "absolute/up/../real"):
        assert resolve(folder / name / "x")[0] == folder / "real/x"


def test_a_link_to_itself_is_an_error(folder: Path) -> None:
    """There is no endless loop."""
    (folder / "link").symlink_to("link")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        resolve(folder / "link")


def test_links_have_no_owners_for_a_user_other_than_root(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owners matter only to root, which can follow all links."""
    monkeypatch.setattr(links, "is_root", lambda: False)
    (folder / "link").symlink_to("real")
    assert resolve(folder / "link") == (folder / "real", frozenset())


@other_user.needs_two_users
def test_the_owners_of_links_and_of_their_folders_are_returned_to_root(folder: Path) -> None:
    """The owner of a folder can move a link of another user into it."""
    (folder / "link").symlink_to("real")
    assert resolve(folder / "link")[1] == frozenset()
    os.chown(folder / "link", USER, USER, follow_symlinks=False)
    assert resolve(folder / "link")[1] == {USER}
    os.chown(folder, ATTACKER, ATTACKER)
    assert resolve(folder / "link")[1] == {USER, ATTACKER}


def test_a_link_may_lead_to_a_folder_of_its_owner_only() -> None:
    """No links are always accepted."""
    check_links(frozenset(), USER)
    check_links(frozenset({USER}), USER)
    with pytest.raises(PermissionError, match=rf"a link of another user \({ATTACKER}\)"):
        check_links(frozenset({USER, ATTACKER}), USER)
