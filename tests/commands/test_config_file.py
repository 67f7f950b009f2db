"""The config file on disk: links, owners, modes, crashes, and other users."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import other_user
import pytest
from botocore.configloader import load_config
from configure_support import BY_HAND, NEW_PROFILE, with_new_profile, write
from other_user import Snapshot

from sso_plugin import ConfigError
from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.commands.configure.config_text import ConfigText, ProfileText

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World


def test_a_link_stays_and_its_target_is_replaced(
    world: World, config_file: Path, tmp_path: Path
) -> None:
    """Many users keep their config file in another folder."""
    kept = tmp_path / "dotfiles" / "aws"
    kept.parent.mkdir()
    config_file.rename(kept)
    middle = tmp_path / "middle"
    middle.symlink_to(kept)
    config_file.symlink_to(middle)
    write()
    assert config_file.is_symlink()
    assert middle.is_symlink()
    assert "production-ReadOnlyAccess" in kept.read_text()
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.long
def test_the_mode_and_the_owner_stay(config_file: Path) -> None:
    """For files that other users can read, and for those that they cannot."""
    for mode in (0o644, 0o600, 0o640):
        config_file.chmod(mode)
        if os.getuid() == 0:
            os.chown(config_file, 12, 34)
        write(region=f"eu-west-{mode}")
        assert stat.S_IMODE(config_file.stat().st_mode) == mode
        if os.getuid() == 0:
            assert (config_file.stat().st_uid, config_file.stat().st_gid) == (12, 34)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no such attributes")
def test_extended_attributes_stay(config_file: Path) -> None:
    """If the file system has any."""
    try:
        os.setxattr(config_file, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no such attributes")
    write()
    assert os.getxattr(config_file, "user.note") == b"mine"


def test_a_folder_instead_of_a_file_is_an_error(config_file: Path) -> None:
    """The error is one sentence with the path."""
    folder = config_file.parent / "folder"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"folder cannot be read: Is a directory\. Nothing"):
        ConfigFile.at(str(folder)).read()


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    """It has no text, and botocore reads no sections."""
    file = ConfigFile.at(str(tmp_path / "none" / "config"))
    assert file.read() == ""
    assert file.parsed() == {"profiles": {}, "sso_sessions": {}, "services": {}}
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_created(tmp_path: Path) -> None:
    """Only their owner can read them. Existing folders keep their modes."""
    path = tmp_path / "a" / "b" / "config"
    assert ConfigFile.at(str(path)).replace("", "[profile new]\n", Change({"new": {}}))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


OTHER_DELAYS = (0, 0.01, 0.03, 0.08, 0.13, 0.21, 0.34)
"""Seconds until the process is killed: at different moments of a write."""


@pytest.mark.long
@pytest.mark.parametrize(
    "delay",
    [0.05, *(pytest.param(delay, marks=pytest.mark.long) for delay in OTHER_DELAYS)],
)
def test_a_crash_loses_nothing(world: World, session_text: str, delay: float) -> None:
    """A killed process leaves the complete old file or the complete new one."""
    world.configure(BY_HAND + session_text)
    before = world.config_file.read_bytes()
    code = (
        "import itertools; from sso_plugin.commands.config_file import ConfigFile;"
        "from sso_plugin.commands.config_change import Change;"
        "from sso_plugin.commands.configure.config_text import ConfigText, ProfileText;"
        f"file = ConfigFile.at({str(world.config_file)!r}); print('go', flush=True)\n"
        "for number in itertools.count():\n"
        "    text = file.read(); new = ConfigText.parse(text)\n"
        "    values = {f'p{n}': {'sso_session': str(number)} for n in range(200)}\n"
        "    new.put(ProfileText(name, held) for name, held in values.items())\n"
        "    file.replace(text, new.text, Change(values))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    child.stdout.close()
    content = world.config_file.read_bytes()
    assert content.startswith(before)
    profiles = load_config(str(world.config_file))["profiles"]
    values = {
        repr(value) for name, value in profiles.items() if name.startswith("p") and name != "plain"
    }
    assert len(values) <= 1
    write()
    assert not list(world.config_file.parent.glob(".config*"))


def swap_name(folder: Path, victim: Path) -> None:
    """Put a link to a file into the place of the new config file."""
    new = folder / ".config.sso-plugin-new"
    new.rename(folder / "moved")
    new.symlink_to(victim / "config")


def swap_folder(folder: Path, victim: Path) -> None:
    """Put a link to another folder into the place of the folder."""
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(victim)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a folder with files of the names that are written."""
    return make_victim(tmp_path / "victim")


def make_victim(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("config", ".config.sso-plugin-new"):
        (folder / name).write_text("[profile victim]\nregion = eu-west-1\n")
        (folder / name).chmod(0o640)
        os.utime(folder / name, (1, 1))
    return folder


@pytest.mark.skipif(os.name == "nt", reason="folders have no descriptors on this system")
@pytest.mark.parametrize("swap", [swap_name, swap_folder])
@pytest.mark.parametrize("moment", ["fchown", "fchmod", "fsync"])
def test_a_file_that_replaces_the_new_file_is_not_changed(
    tmp_path: Path,
    victim: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    swap: Callable[[Path, Path], None],
) -> None:
    """Owner, mode and attributes are set on the opened file, not on its name."""
    folder = tmp_path / "aws"
    folder.mkdir()
    path = folder / "config"
    path.write_text(BY_HAND)
    path.chmod(0o6644)
    real = getattr(os, moment)

    def swap_first(*args: int) -> None:
        if (folder / ".config.sso-plugin-new").exists() and not list(tmp_path.rglob("moved")):
            swap(folder, victim)
        real(*args)

    file = ConfigFile.at(str(path))
    text = with_new_profile(BY_HAND)
    before = Snapshot(victim)
    monkeypatch.setattr(os, moment, swap_first)
    assert file.replace(BY_HAND, text, NEW_PROFILE)
    assert Snapshot(victim) == before
    new = folder / "moved" if swap is swap_name else tmp_path / "moved/config"
    assert new.read_text() == text
    assert stat.S_IMODE(new.stat().st_mode) == 0o644


def test_a_folder_that_became_a_link_is_not_entered(tmp_path: Path, victim: Path) -> None:
    """Neither the folder of the file, nor one above it."""
    for number, part in enumerate(("a", "a/b")):
        inner = tmp_path / str(number) / "a" / "b"
        inner.mkdir(parents=True)
        (victim / "b").mkdir(exist_ok=True)
        make_victim(victim / "b")
        file = ConfigFile.at(str(inner / "config"))
        before = Snapshot(victim)
        swap_folder(tmp_path / str(number) / part, victim)
        with pytest.raises(ConfigError, match=r"cannot be written: Not a directory\."):
            file.replace("", "[profile new]\n", Change({"new": {}}))
        with pytest.raises(ConfigError, match=r"cannot be read: Not a directory\."):
            file.read()
        assert Snapshot(victim) == before


def rewrite(path: Path, number: int) -> bool:
    """Write a profile as ``configure`` does. Return whether it was written."""
    try:
        file = ConfigFile.at(str(path))
        before = file.read()
        text = ConfigText.parse(before)
        values = {"sso_session": "corp", "region": f"eu-west-{number}"}
        text.put([ProfileText("new", values)])
        return file.replace(before, text.text, Change({"new": values}))
    except ConfigError:
        return False


SWAPS = {
    "name": """
target, config = Path({folder!r}, ".config.sso-plugin-new"), Path({folder!r}, "config")
if config.is_symlink():
    config.unlink()
    config.touch()
if target.exists() and not target.is_symlink():
    target.unlink()
    target.symlink_to({victim!r} + "/config")
""",
    "file": """
target = Path({folder!r}, "config")
target.rename({folder!r} + "/kept")
try:
    target.symlink_to({victim!r} + "/config")
finally:
    os.replace({folder!r} + "/kept", target)
""",
    "folder": """
folder = Path({folder!r})
folder.rename({folder!r} + "-kept")
try:
    folder.symlink_to({victim!r})
finally:
    folder.unlink(missing_ok=True)
    os.rename({folder!r} + "-kept", folder)
""",
}


@pytest.mark.long
@pytest.mark.one_quick_case
@other_user.needs_two_users
@pytest.mark.parametrize("swap", SWAPS)
def test_root_changes_no_file_that_another_user_swaps_in(tmp_path: Path, swap: str) -> None:
    """Root writes to the folder of a user, who replaces names with links again and again."""
    victim = make_victim(tmp_path / "victim")
    tmp_path.chmod(0o755)
    with other_user.folder_of(other_user.ATTACKER) as top:
        folder = top / "aws"
        folder.mkdir()
        (folder / "config").write_text(BY_HAND)
        for path in (folder, folder / "config"):
            os.chown(path, other_user.ATTACKER, other_user.ATTACKER)
        before = Snapshot(victim)
        written = 0
        code = SWAPS[swap].format(folder=str(folder), victim=str(victim))
        with other_user.running_as(other_user.ATTACKER, code):
            end = time.monotonic() + 60
            while written < 30 and time.monotonic() < end:
                written += rewrite(folder / "config", written % 7)
        assert Snapshot(victim) == before
    assert written == 30


@other_user.needs_two_users
def test_root_follows_links_of_a_user_to_files_of_that_user_only(
    tmp_path: Path, victim: Path
) -> None:
    """Links to files and to folders. A link of root itself may lead anywhere."""
    before = Snapshot(victim)
    (tmp_path / "file").symlink_to(victim / "config")
    (tmp_path / "folder").symlink_to(victim)
    for path in (tmp_path / "file", tmp_path / "folder"):
        os.chown(path, other_user.ATTACKER, other_user.ATTACKER, follow_symlinks=False)
    for path in (tmp_path / "file", tmp_path / "folder/config", tmp_path / "folder/none"):
        with pytest.raises(ConfigError, match=r"a link of another user \(65534\) leads there"):
            ConfigFile.at(str(path)).replace("", "", Change())
        assert not rewrite(path, 1)
    assert Snapshot(victim) == before
    os.chown(victim / "config", other_user.ATTACKER, other_user.ATTACKER)
    assert rewrite(tmp_path / "file", 1)
    assert (victim / "config").stat().st_uid == other_user.ATTACKER
