"""Root in the home of a user: what is created there belongs to the user, and nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import otheruser
import pytest
from otheruser import ATTACKER, USER, Snapshot

from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.folder import OpenFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

pytestmark = otheruser.needs_two_users

GROUP = 65531


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the home of a user, whose group has another number, as root has it by ``sudo -E``."""
    with otheruser.folder_of(USER) as folder:
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
    imports = (
        "import sys\nfrom pathlib import Path\nfrom sso_plugin.storage.file_cache import FileCache"
    )
    done = subprocess.run(
        [sys.executable, "-c", imports + otheruser.BECOME.format(uid=USER) + code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def test_what_root_creates_belongs_to_the_owner_of_the_folder(home: Path) -> None:
    """Folders, files and locks, with the modes that they always have."""
    cache = FileCache(home / ".aws/sso/cache")
    with cache.locked("key") as held:
        assert held
        cache.put("key", {"a": 1})
        cache.put("key", {"a": 2})
        assert cache.replace("key", {"a": 3}, lambda _: True)
        cache.supersede("key", {"a": 4})
    assert owners(home) == {(USER, GROUP)}
    assert modes(home) == {
        ".aws": 0o700,
        ".aws/sso": 0o700,
        ".aws/sso/cache": 0o700,
        ".aws/sso/cache/key.json": 0o600,
        ".aws/sso/cache/key.lock": 0o600,
    }


def test_the_user_can_read_renew_and_delete_what_root_has_created(home: Path) -> None:
    """Also while root holds the lock, the user waits for it."""
    folder = home / ".aws/sso/cache"
    cache = FileCache(folder)
    cache.put("key", {"a": 1})
    with cache.locked("key"):
        code = "with FileCache(Path(sys.argv[1])).locked('key', 0.1) as held: print(held)"
        assert as_user(code, str(folder)) == "False\n"
    code = """
cache = FileCache(Path(sys.argv[1]))
with cache.locked("key") as held:
    print(held, cache.get("key").document)
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


@pytest.mark.parametrize("obstacle", ["a lock of root", "a folder that cannot be written"])
def test_a_user_who_cannot_use_the_lock_file_goes_on_without(home: Path, obstacle: str) -> None:
    """As left by an earlier version, or mounted; in silence, as on stock."""
    if obstacle == "a lock of root":
        (home / "key.lock").touch(mode=0o600)
    else:
        home.chmod(0o500)
    code = """
with FileCache(Path(sys.argv[1])).locked("key", 0.1) as held:
    with FileCache(Path(sys.argv[1])).locked("key", 0.1) as also:
        print(held, also)
"""
    assert as_user(code, str(home)) == "True False\n"


def test_a_file_that_is_replaced_gets_the_owner_of_the_folder(home: Path) -> None:
    """An earlier version may have left one of root's."""
    cache = FileCache(home / "cache")
    cache.put("key", {"a": 1})
    os.chown(home / "cache/key.json", 0, 0)
    (home / "cache").chmod(0o750)
    cache.put("key", {"a": 2})
    assert owners(home) == {(USER, GROUP)}
    assert stat.S_IMODE((home / "cache").stat().st_mode) == 0o750


@pytest.mark.parametrize("by", ["folder", "link", "folder above"])
def test_another_user_who_makes_a_folder_in_tmp_is_given_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Root may have /tmp as its home, or keep its tokens there."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setenv("HOME", str(shared))
    with otheruser.folder_of(ATTACKER) as folder:
        (folder / "sso/cache").mkdir(parents=True)
        if by == "link":
            (shared / ".aws").symlink_to(folder)
        else:
            (folder / "sso" if by == "folder above" else folder).rename(shared / ".aws")
        for path in (shared / ".aws", *shared.rglob("*"), *folder.rglob("*")):
            os.chown(path, ATTACKER, ATTACKER, follow_symlinks=False)
        FileCache(shared / ".aws/sso/cache").put("key", {"accessToken": "secret"})
        written = shared / ".aws/sso/cache/key.json"
        assert (written.stat().st_uid, stat.S_IMODE(written.stat().st_mode)) == (0, 0o600)


def test_in_a_folder_of_root_everything_stays_root_s(tmp_path: Path) -> None:
    """As on stock."""
    cache = FileCache(tmp_path / ".aws/sso/cache")
    with cache.locked("key"):
        cache.put("key", {})
    assert owners(tmp_path) == {(0, 0)}


def test_a_file_system_that_refuses_owners_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS with root_squash and FAT do."""

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    cache = FileCache(home / ".aws/cache")
    with cache.locked("key") as held:
        cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert entry is not None
    assert (held, entry.document) == (True, {"a": 1})


def test_a_new_config_file_belongs_to_the_owner_of_its_folder(home: Path) -> None:
    """One that exists keeps its own owner, since its content may not be for others."""
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


def test_after_a_script_and_commands_of_root_everything_is_the_user_s(
    world: World, home: Path
) -> None:
    """As with ``sudo -E``: a script, a renewal of the token, configure, and a logout."""
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
    """Give a folder of root's that the user can enter, with a file of a name of the cache."""
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
    """Write, lock and delete, as root."""
    with cache.locked("key", 0.01):
        cache.put("key", {"number": number})
    cache.replace("key", {"number": number}, lambda _: True)
    cache.delete("key")


@pytest.mark.parametrize("part", [".aws", ".aws/sso", ".aws/sso/cache"])
def test_root_follows_no_link_of_a_user_to_a_folder_of_another(
    home: Path, victim: Path, part: str
) -> None:
    """What is written stays in memory, and nothing is deleted there."""
    link = home / part
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim)
    for path in (home / ".aws", home / ".aws/sso", link):
        if path.is_symlink() or path.exists():
            os.chown(path, USER, GROUP, follow_symlinks=False)
    before = Snapshot(victim), sorted(victim.rglob("*"))
    cache = FileCache(home / ".aws/sso/cache")
    use(cache, 1)
    cache.put("key", {"a": 1})
    entry = cache.get("key")
    assert (Snapshot(victim), sorted(victim.rglob("*"))) == before
    assert entry is not None
    assert entry.document == {"a": 1}


def test_root_follows_links_of_a_user_to_that_user_s_folders_and_its_own_links_anywhere(
    home: Path, tmp_path: Path
) -> None:
    """People keep ``~/.aws`` among their other settings, and images in a volume."""
    (home / "settings").mkdir()
    (home / ".aws").symlink_to("settings")
    for path in (home / "settings", home / ".aws"):
        os.chown(path, USER, GROUP, follow_symlinks=False)
    FileCache(home / ".aws/sso/cache").put("key", {})
    assert (home / "settings/sso/cache/key.json").exists()
    assert owners(home) == {(USER, GROUP)}
    os.chown(home / "settings", 0, 0)
    (tmp_path / "link").symlink_to(home / "settings")
    FileCache(tmp_path / "link/other").put("key", {})
    assert (home / "settings/other/key.json").exists()


def test_a_link_of_root_in_a_folder_of_a_user_counts_as_the_user_s(
    home: Path, victim: Path
) -> None:
    """The user can move any link of that folder to this name."""
    (home / ".aws").symlink_to(victim)
    before = Snapshot(victim)
    FileCache(home / ".aws").put("key", {})
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


@pytest.mark.parametrize("part", [".aws", ".aws/sso", ".aws/sso/cache"])
def test_a_user_who_swaps_a_folder_meanwhile_gets_nothing_written_elsewhere(
    home: Path, victim: Path, part: str
) -> None:
    """A link to a folder of root's is in its place most of the time."""
    folder = home / ".aws/sso/cache"
    FileCache(folder).put("key", {})
    assert owners(home) == {(USER, GROUP)}
    before = Snapshot(victim), sorted(victim.rglob("*"))
    code = SWAP.format(folder=str(home / part), victim=str(victim))
    written = 0
    with otheruser.running_as(USER, code):
        end = time.monotonic() + 60
        while written < 30 and time.monotonic() < end:
            cache = FileCache(folder)
            use(cache, written)
            cache.put("key", {})
            written += cache._in_memory.get("key") is None
            cache._in_memory.delete("key")
            assert (Snapshot(victim), sorted(victim.rglob("*"))) == before
    assert written == 30


def test_a_user_who_removes_folders_meanwhile_gets_no_folder_of_root_s(home: Path) -> None:
    """A folder that root has not just created itself never changes its owner."""
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
    with otheruser.running_as(USER, code):
        for _ in range(300):
            with contextlib.suppress(OSError):
                OpenFolder.following(home / "new", make=True).close()
    full = home / "full" if (home / "full").exists() else home / "new"
    assert full.stat().st_uid == 0
    assert [path.name for path in full.iterdir()] == ["inside"]
