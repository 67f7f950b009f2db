"""Root in the home of a user: new files belong to the user, and no file elsewhere is changed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import other_user
import pytest
from caches import file_cache
from other_user import ATTACKER, USER, Snapshot
from token_home import BECOME

from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.storage.folder import OpenFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

    from sso_plugin.storage.file_cache import FileCache

pytestmark = other_user.needs_two_users

GROUP = 65531


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Use the home of a user, as root does with ``sudo -E``. The user's group has another ID."""
    with other_user.folder_of(USER) as folder:
        os.chown(folder, USER, GROUP)
        monkeypatch.setenv("HOME", str(folder))
        yield folder


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.rglob("*"))}


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


def as_user(code: str, *arguments: str) -> str:
    """Run code as the user."""
    imports = "import sys\nfrom pathlib import Path\nfrom caches import file_cache"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            imports + BECOME.format(uid=USER) + code,
            *arguments,
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def test_files_that_root_creates_belong_to_the_owner_of_the_folder(home: Path) -> None:
    """Folders, files and locks, with their usual modes."""
    cache = file_cache(home / ".aws/sso/cache")
    with cache.locked("key") as held:
        assert held
        cache.put("key", {"a": 1})
        cache.put("key", {"a": 2})
        assert cache.replace("key", {"a": 3}, replacing={"a": 2})
        cache.supersede("key", {"a": 4})
    assert owners(home) == {(USER, GROUP)}
    assert modes(home) == {
        ".aws": 0o700,
        ".aws/sso": 0o700,
        ".aws/sso/cache": 0o700,
        ".aws/sso/cache/key.json": 0o600,
        ".aws/sso/cache/key.lock": 0o600,
    }


@pytest.mark.long
def test_the_user_can_read_replace_and_delete_files_that_root_created(home: Path) -> None:
    """The user waits for a lock that root holds."""
    folder = home / ".aws/sso/cache"
    cache = file_cache(folder)
    cache.put("key", {"a": 1})
    with cache.locked("key"):
        code = "with file_cache(Path(sys.argv[1])).locked('key', 0.1) as held: print(bool(held))"
        assert as_user(code, str(folder)) == "False\n"
    code = """
cache = file_cache(Path(sys.argv[1]))
with cache.locked("key") as held:
    print(bool(held), cache.get("key").document)
    cache.put("key", {"a": 2})
    cache.put("new", {})
print(cache.get("key").document, sorted(os.listdir(sys.argv[1])))
cache.delete("key")
cache.delete("new")
print(sorted(os.listdir(sys.argv[1])))
"""
    assert as_user(code, str(folder)) == (
        "True {'a': 1}\n{'a': 2} ['key.json', 'key.lock', 'new.json']\n['key.lock']\n"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "obstacle",
    [
        "a lock of root",
        pytest.param("a folder that cannot be written", marks=pytest.mark.long),
    ],
)
def test_a_user_who_cannot_use_the_lock_file_continues_without(home: Path, obstacle: str) -> None:
    """Without a warning. An earlier version may have created it, or the folder is mounted."""
    if obstacle == "a lock of root":
        (home / "key.lock").touch(mode=0o600)
    else:
        home.chmod(0o500)
    code = """
with file_cache(Path(sys.argv[1])).locked("key", 0.1) as held:
    with file_cache(Path(sys.argv[1])).locked("key", 0.1) as also:
        print(bool(held), bool(also))
"""
    assert as_user(code, str(home)) == "True False\n"


def test_a_file_that_is_replaced_gets_the_owner_of_the_folder(home: Path) -> None:
    """An earlier version may have created a file of root."""
    cache = file_cache(home / "cache")
    cache.put("key", {"a": 1})
    os.chown(home / "cache/key.json", 0, 0)
    (home / "cache").chmod(0o750)
    cache.put("key", {"a": 2})
    assert owners(home) == {(USER, GROUP)}
    assert stat.S_IMODE((home / "cache").stat().st_mode) == 0o750


@pytest.mark.parametrize("by", ["folder", "link", "folder above"])
def test_another_user_who_creates_a_folder_in_tmp_gets_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Root may have /tmp as its home, or store its tokens there."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setenv("HOME", str(shared))
    with other_user.folder_of(ATTACKER) as folder:
        (folder / "sso/cache").mkdir(parents=True)
        if by == "link":
            (shared / ".aws").symlink_to(folder)
        else:
            (folder / "sso" if by == "folder above" else folder).rename(shared / ".aws")
        for path in (shared / ".aws", *shared.rglob("*"), *folder.rglob("*")):
            os.chown(path, ATTACKER, ATTACKER, follow_symlinks=False)
        file_cache(shared / ".aws/sso/cache").put("key", {"accessToken": "secret"})
        written = shared / ".aws/sso/cache/key.json"
        assert (written.stat().st_uid, stat.S_IMODE(written.stat().st_mode)) == (0, 0o600)


def test_files_in_a_folder_of_root_belong_to_root(tmp_path: Path) -> None:
    """As with stock botocore."""
    cache = file_cache(tmp_path / ".aws/sso/cache")
    with cache.locked("key"):
        cache.put("key", {})
    assert owners(tmp_path) == {(0, 0)}


def test_a_file_system_may_refuse_to_change_owners(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS with root_squash, and FAT. All works as before."""

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    cache = file_cache(home / ".aws/cache")
    with cache.locked("key") as held:
        cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert entry is not None
    assert (bool(held), entry.document) == (True, {"a": 1})


def test_a_new_config_file_belongs_to_the_owner_of_its_folder(home: Path) -> None:
    """An existing file keeps its owner, because its content may be confidential."""
    path = home / ".aws/config"
    text = "[profile new]\nregion = eu-west-1\n"
    change = Change({"new": {"region": "eu-west-1"}})
    assert ConfigFile.at(str(path)).replace("", text, change)
    assert owners(home) == {(USER, GROUP)}
    os.chown(path, 0, 0)
    more = text + "[profile more]\nregion = eu-west-1\n"
    assert ConfigFile.at(str(path)).replace(text, more, Change({"more": {"region": "eu-west-1"}}))
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


USE = """
import boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
print(sts.get_caller_identity()["Arn"].rsplit("/", 1)[1])
"""


@pytest.mark.long
def test_all_files_belong_to_the_user_after_scripts_and_commands_of_root(
    world: World, home: Path
) -> None:
    """With ``sudo -E``: a script, a renewal of the token, configure, and a logout."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    shutil.copytree(world.home, home, dirs_exist_ok=True)
    for path in home.rglob("*"):
        os.chown(path, USER, GROUP)
    here = {"HOME": str(home), "AWS_CONFIG_FILE": str(home / ".aws/config")}
    assert world.run(USE, **here).stdout == "alice\n"
    assert world.count("CreateToken") == 1
    assert owners(home) == {(USER, GROUP)}
    names = {path.suffix for path in home.rglob("*") if path.is_file()}
    assert names == {"", ".json", ".lock"}
    for words in (["configure", "--yes"], ["logout", "--all"]):
        code = f"from sso_plugin.cli import main; raise SystemExit(main({words}))"
        assert world.run(code, **here).returncode == 0
        assert owners(home) == {(USER, GROUP)}


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Create a folder of root that the user can enter, with files named like those of a cache."""
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o055 != 0o055:
            folder.chmod(folder.stat().st_mode | 0o055)
    tmp_path.chmod(0o755)
    victim = tmp_path / "victim"
    (victim / "cache").mkdir(parents=True)
    for folder in (victim, victim / "cache"):
        for name in ("key.json", "key.lock", "sso-plugin-key.json-1.tmp", "sso-plugin-1.tmp"):
            (folder / name).write_text("content")
            os.utime(folder / name, (1, 1))
    return victim


def use(cache: FileCache, number: int) -> None:
    """Write, lock and delete as root."""
    with cache.locked("key", 0.01):
        cache.put("key", {"number": number})
    cache.replace("key", {"number": -number}, replacing={"number": number})
    cache.delete("key")


@pytest.mark.parametrize("part", [".aws", ".aws/sso", ".aws/sso/cache"])
def test_root_does_not_follow_a_link_of_a_user_to_a_folder_of_another(
    home: Path, victim: Path, part: str
) -> None:
    """Documents stay in memory, and no file is deleted there."""
    link = home / part
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim)
    for path in (home / ".aws", home / ".aws/sso", link):
        if path.is_symlink() or path.exists():
            os.chown(path, USER, GROUP, follow_symlinks=False)
    before = Snapshot(victim), sorted(victim.rglob("*"))
    cache = file_cache(home / ".aws/sso/cache")
    use(cache, 1)
    cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert (Snapshot(victim), sorted(victim.rglob("*"))) == before
    assert entry is not None
    assert entry.document == {"a": 1}


def test_root_follows_links_of_a_user_to_folders_of_the_same_user(
    home: Path, tmp_path: Path
) -> None:
    """And its own links anywhere. Users link ``~/.aws`` to their settings, images to a volume."""
    (home / "settings").mkdir()
    (home / ".aws").symlink_to("settings")
    for path in (home / "settings", home / ".aws"):
        os.chown(path, USER, GROUP, follow_symlinks=False)
    file_cache(home / ".aws/sso/cache").put("key", {})
    assert (home / "settings/sso/cache/key.json").exists()
    assert owners(home) == {(USER, GROUP)}
    os.chown(home / "settings", 0, 0)
    (tmp_path / "link").symlink_to(home / "settings")
    file_cache(tmp_path / "link/other").put("key", {})
    assert (home / "settings/other/key.json").exists()


def test_a_link_of_root_in_a_folder_of_a_user_counts_as_a_link_of_the_user(
    home: Path, victim: Path
) -> None:
    """The user can rename any link in that folder."""
    (home / ".aws").symlink_to(victim)
    before = Snapshot(victim)
    file_cache(home / ".aws").put("key", {})
    assert Snapshot(victim) == before


SWAP = """
folder = Path({folder!r})
folder.rename({folder!r} + "-kept")
try:
    folder.symlink_to({victim!r})
finally:
    folder.unlink(missing_ok=True)
    os.rename({folder!r} + "-kept", folder)
"""


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize("part", [".aws", ".aws/sso", ".aws/sso/cache"])
def test_a_user_who_replaces_a_folder_by_a_link_meanwhile_changes_no_other_file(
    home: Path, victim: Path, part: str
) -> None:
    """Most of the time, the link to a folder of root has its name."""
    folder = home / ".aws/sso/cache"
    file_cache(folder).put("key", {})
    assert owners(home) == {(USER, GROUP)}
    before = Snapshot(victim), sorted(victim.rglob("*"))
    code = SWAP.format(folder=str(home / part), victim=str(victim))
    written = 0
    with other_user.running_as(USER, code):
        end = time.monotonic() + 240
        while written < 30 and time.monotonic() < end:
            cache = file_cache(folder)
            use(cache, written)
            cache.put("key", {})
            written += cache._in_memory.get("key") is None
            cache._in_memory.delete("key")
            assert (Snapshot(victim), sorted(victim.rglob("*"))) == before
    assert written == 30


def test_a_user_who_deletes_folders_meanwhile_gets_no_folder_of_root(home: Path) -> None:
    """Only a folder that root has just created changes its owner."""
    for name in ("full", "full/inside"):
        (home / name).mkdir()
    os.chown(home / "full/inside", 0, 0)
    os.chown(home / "full", 0, 0)
    code = f"""
new = Path({str(home)!r}, "new")
if new.exists():
    new.rename({str(home)!r} + "/made")
    Path({str(home)!r}, "full").rename(new)
    new.rename({str(home)!r} + "/full")
    os.rename({str(home)!r} + "/made", new)
    os.rmdir(new)
"""
    with other_user.running_as(USER, code):
        for _ in range(300):
            with contextlib.suppress(OSError):
                OpenFolder.following(home / "new", make=True).close()
    full = home / "full" if (home / "full").exists() else home / "new"
    assert full.stat().st_uid == 0
    assert [path.name for path in full.iterdir()] == ["inside"]
