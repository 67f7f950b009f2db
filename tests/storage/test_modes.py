"""File modes: groups with one user, and file systems without modes."""

from __future__ import annotations

import os
import pwd
import sys
from typing import TYPE_CHECKING, Any

import other_user
import pytest
from caches import file_cache
from other_user import ATTACKER, USER
from token_home import DOCUMENT, GROUP, give

from sso_plugin.storage import modes
from sso_plugin.storage.modes import is_listed_without_modes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from token_home import TokenHome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are layouts of Linux")


@pytest.mark.long
@other_user.needs_two_users
def test_a_group_with_one_member_is_trusted(home: TokenHome) -> None:
    """Many systems have such groups and umask 002, so that the group can write new files."""
    modes._own_groups.clear()
    users = [each for each in pwd.getpwall() if each.pw_uid]
    user = next((u for u in users if modes.is_own_group(u.pw_uid, u.pw_gid)), None)
    if user is None:
        pytest.skip("no user of this machine has a group of one")
    for path in (home.path, *home.path.rglob("*")):
        give(path, user.pw_uid, 0o775 if path.is_dir() else 0o664, user.pw_gid)
    found = home.read(user.pw_uid, gid=user.pw_gid)
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])
    for path in (home.path, *home.path.rglob("*")):
        os.chown(path, user.pw_uid, GROUP)
    assert home.read(user.pw_uid, gid=user.pw_gid)["ours"] == [None]


@other_user.needs_two_users
@pytest.mark.parametrize("mode", [0o755, 0o775])
def test_the_root_folder_can_be_the_home_in_a_container(home: TokenHome, mode: int) -> None:
    """On OpenShift a user has no entry in passwd, and group 0, which can write root's files."""
    root = home.path
    for path in (root, *root.rglob("*")):
        give(path, 0, mode if path.is_dir() else 0o660)
    found = home.read(1000650000, gid=0, home="/", root=str(root))
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


ROOT = "root:x:0:0:root:/root:/bin/sh\nsync:x:5:0:sync:/sbin:/bin/sync\n"


USER_OF_IMAGE = f"image:x:{USER}:{{}}::/home/image:/bin/sh\n"


@other_user.needs_two_users
@pytest.mark.parametrize(
    ("uid", "gid", "users", "group", "sources", "read"),
    [
        (1000650000, 0, ROOT, "root:x:0:", "files", True),
        (1000650000, 0, ROOT + USER_OF_IMAGE.format(0), "root:x:0:", "files", True),
        (USER, 0, ROOT + USER_OF_IMAGE.format(0), "root:x:0:", "files sss", True),
        (USER, 0, ROOT + f"other:x:{ATTACKER}:0::/:/bin/sh\n", "root:x:0:", "files", False),
        (USER, 0, ROOT + f"other:x:{ATTACKER}:7::/:/bin/sh\n", "root:x:0:other", "files", False),
        (USER, 100, ROOT + USER_OF_IMAGE.format(100), "users:x:100:", "files systemd", True),
        (USER, 100, ROOT + USER_OF_IMAGE.format(100), "users:x:100:", "files sss", False),
        (USER, 100, ROOT + USER_OF_IMAGE.format(7), "users:x:100:image", "files", False),
        (USER, 100, ROOT, "users:x:100:", "files", False),
    ],
)
def test_a_group_is_trusted_if_it_has_no_other_users(  # noqa: PLR0913 - what a group depends on
    home: TokenHome, uid: int, gid: int, users: str, group: str, sources: str, *, read: bool
) -> None:
    """Images for any user ID (OpenShift), and those of Jupyter, have such folders."""
    for path in (home.path, *home.path.rglob("*")):
        give(path, USER, 0o775 if path.is_dir() else 0o664, gid)
    (home.path / "etc").mkdir()
    (home.path / "etc/passwd").write_text(users)
    (home.path / "etc/group").write_text(f"{group}\n")
    (home.path / "etc/nsswitch.conf").write_text(f"passwd: {sources}\ngroup: files\n")
    found = home.read(uid, gid=gid, home="/", root=str(home.path))
    assert found["ours"] == [DOCUMENT if read else None]


@pytest.mark.long
@other_user.needs_two_users
def test_the_test_of_chmod_creates_no_file_elsewhere(home: TokenHome) -> None:
    """A user replaces a folder by a link while root tests ``chmod`` in it."""
    victim = home.path.parent / "victim"
    victim.mkdir()
    before = victim.stat().st_mtime_ns
    home.folder.chmod(0o777)
    folder = str(home.folder)
    code = f"""
os.rename({folder!r}, {folder!r} + "-kept")
os.symlink({str(victim)!r}, {folder!r})
os.unlink({folder!r})
os.rename({folder!r} + "-kept", {folder!r})
"""
    with other_user.running_as(USER, code):
        for _ in range(3000):
            modes._chmod_fails(folder)
    assert (victim.stat().st_mtime_ns, list(victim.iterdir())) == (before, [])


MOUNTINFO = r"""
24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
25 24 8:17 / /media/usb ro,nosuid,relatime shared:2 - vfat /dev/sdb1 ro,uid=1000,fmask=0000
26 24 8:33 / /media/card rw - exfat /dev/sdc1 rw,uid=1000,gid=1000,fmask=0000,dmask=0000
27 24 0:60 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=1000;mmap,trans=fd
28 24 0:61 / /mnt/d rw,noatime - 9p D:\134 rw,aname=drvfs;path=D:\;metadata;uid=1000,trans=fd
29 24 0:62 / /mnt/e rw,noatime - drvfs E: rw,uid=1000,gid=1000,umask=22,case=off
30 24 0:63 / /mnt/f rw,noatime - drvfs F: rw,uid=1000,metadata,case=off
31 24 0:64 / /mnt/vm rw - 9p host rw,trans=virtio,version=9p2000.L
32 24 0:65 / /mnt/azure rw - cifs //a.example/s rw,file_mode=0777,dir_mode=0777,nounix,mapposix
33 24 0:66 / /mnt/samba rw - cifs //b.example/s rw,unix,mapposix
34 24 0:67 / /mnt/acl rw - cifs //c.example/s rw,cifsacl,nounix
35 24 0:68 / /media/sf rw - vboxsf share rw,uid=0,gid=998,dmode=0770
36 24 0:69 / /home/a\040b/fuse rw master:3 shared:4 - fuse.exfat x rw,user_id=1000,group_id=1000
37 24 8:49 / /media/disk ro - ext4 /dev/sdd1 ro
38 24 8:65 / /media/ntfs rw - ntfs3 /dev/sde1 rw,uid=1000,gid=1000
"""


@pytest.mark.parametrize("by", ["id", "device"])
def test_a_file_system_without_modes_is_recognized_by_its_type(by: str) -> None:
    """A Windows drive with metadata has modes, as has a disk that is mounted read-only."""
    lines = [line.split() for line in MOUNTINFO.strip().splitlines()]
    found = [
        fields[4]
        for fields in lines
        if is_listed_without_modes(
            MOUNTINFO.strip(), *((fields[0], "") if by == "id" else (None, fields[2]))
        )
    ]
    assert found == [
        "/media/usb",
        "/media/card",
        "/mnt/c",
        "/mnt/e",
        "/mnt/azure",
        "/media/sf",
    ]
    assert not is_listed_without_modes(MOUNTINFO.strip(), "99", "8:17")


def refuse(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def ignore(*_: object) -> None:
    """Do nothing, as some file systems."""


@pytest.mark.parametrize(
    ("created", "chmod", "read"),
    [
        (0o777, ignore, True),
        (0o777, refuse, True),
        (0o755, ignore, True),
        (0o600, ignore, True),
        (0o600, refuse, False),
        (0o660, os.fchmod, False),
        (0o600, os.fchmod, False),
    ],
    ids=lambda value: f"{value:o}" if type(value) is int else getattr(value, "__name__", ""),
)
def test_all_modes_are_accepted_where_chmod_has_no_effect(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    created: int,
    chmod: Callable[[int, int], None],
    *,
    read: bool,
) -> None:
    """A temporary file shows that. The mode of a new file does not matter."""
    cache = file_cache(tmp_path)
    cache.put("token", DOCUMENT)
    (tmp_path / "token.json").chmod(0o777)
    real_create, real_fchmod = modes._create, os.fchmod

    def without_modes(*args: Any) -> int:
        descriptor = real_create(*args)
        real_fchmod(descriptor, created)
        return descriptor

    monkeypatch.setattr(modes, "_create", without_modes)
    monkeypatch.setattr(os, "fchmod", chmod)
    monkeypatch.setattr(modes, "_with_modes", set())
    assert (cache.get("token") is not None) == read
    assert [path.name for path in tmp_path.iterdir()] == ["token.json"]
