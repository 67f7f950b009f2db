"""Which files of the caches are read: what stock botocore reads, unless another user wrote it."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import otheruser
import pytest
from otheruser import ATTACKER, USER

from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.errors import LoginRequired
from sso_plugin.storage import modes
from sso_plugin.storage.file_cache import FileCache
from sso_plugin.storage.modes import is_listed_without_modes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are layouts of Linux")

BUILDER = 65532
GROUP = 65531
DOCUMENT = {"accessToken": "right"}

READ = """
import grp, json, logging, os, pwd, sys, tempfile
from pathlib import Path
from botocore.utils import JSONFileCache
from sso_plugin.storage import modes, trust, folder
from sso_plugin.storage.file_cache import FileCache
uid, gid, groups, home, root, times = json.loads(sys.argv[1])
messages = []
class Handler(logging.Handler):
    def emit(self, record):
        messages.append(record.getMessage())
logging.getLogger("sso_plugin").addHandler(Handler())
if root:
    os.chroot(root)
os.environ["HOME"] = home
os.setgroups(groups)
os.setgid(gid)
os.setuid(uid)
folder = Path(home) / ".aws/sso/cache"
entries = [FileCache(folder).get("token") for _ in range(times)]
print(json.dumps({
    "ours": [entry and entry.document for entry in entries],
    "stock": JSONFileCache(str(folder))["token"],
    "fault": FileCache(folder).why_unusable("token"),
    "messages": messages,
}))
"""


class Home:
    """A home folder with a token, as another machine, image or volume may have it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "home"
        self.aws = self.path / ".aws"
        self.folder = self.aws / "sso/cache"
        self.token = self.folder / "token.json"
        self.folder.mkdir(parents=True)
        self.token.write_text(json.dumps(DOCUMENT))
        self.token.chmod(0o600)
        self.outside = folder / "outside"
        self.outside.mkdir()
        self.give_to(USER)

    def give_to(self, uid: int, mode: int | None = None) -> None:
        for path in (self.path, *self.path.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
        os.chown(self.outside, uid, uid)
        if mode is not None:
            self.token.chmod(mode)

    def read(
        self,
        uid: int = USER,
        *,
        gid: int | None = None,
        groups: tuple[int, ...] = (),
        home: str | None = None,
        root: str = "",
        times: int = 1,
    ) -> dict[str, Any]:
        """Read the token as a user, with our cache and with that of stock botocore."""
        gid = uid if gid is None else gid
        given = [uid, gid, list(groups), home or str(self.path), root, times]
        return outcome_of([sys.executable, "-c", READ, json.dumps(given)])


def outcome_of(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["stock"] == DOCUMENT
    return found


@pytest.fixture
def home() -> Iterator[Home]:
    with otheruser.folder_of(0) as folder:
        yield Home(folder)


def give(path: Path, uid: int, mode: int, gid: int | None = None) -> None:
    os.chown(path, uid, uid if gid is None else gid, follow_symlinks=False)
    if not path.is_symlink():
        path.chmod(mode)


def as_it_is(home: Home) -> None:
    """Change nothing."""


def token_of_root(home: Home) -> None:
    give(home.token, 0, 0o644)


def image_of_another_user(home: Home) -> None:
    home.give_to(BUILDER, 0o644)


def kubernetes(home: Home) -> None:
    """Make a secret volume with fsGroup, as kubelet does."""
    content = home.folder / "..2026_11_25_12_00_00.1"
    content.mkdir()
    home.token.rename(content / "token.json")
    (home.folder / "..data").symlink_to(content.name)
    home.token.symlink_to("..data/token.json")
    give(home.folder, 0, 0o3777, GROUP)
    give(content, 0, 0o2755, GROUP)
    give(content / "token.json", 0, 0o660, GROUP)
    for link in (home.folder / "..data", home.token):
        give(link, 0, 0)


def volume_with_group(home: Home) -> None:
    """Make a volume with fsGroup that holds the whole of ``.aws``."""
    for folder in (home.aws, home.aws / "sso", home.folder):
        give(folder, 0, 0o2775, GROUP)
    give(home.token, 0, 0o660, GROUP)


def dotfiles(home: Home) -> None:
    home.aws.rename(home.path / "dotfiles")
    home.aws.symlink_to("dotfiles")
    give(home.aws, USER, 0)


def dotfiles_by_absolute_path(home: Home) -> None:
    home.aws.rename(home.path / "dotfiles")
    home.aws.symlink_to(home.path / "dotfiles")
    give(home.aws, USER, 0)


def elsewhere(home: Home) -> None:
    home.aws.rename(home.outside / "aws")
    home.aws.symlink_to(home.outside / "aws")
    give(home.aws, USER, 0)


def sticky_home(home: Home) -> None:
    give(home.path, 0, 0o1777)


def sticky_volume(home: Home) -> None:
    give(home.aws, 0, 0o1777)


def below_an_open_folder(home: Home) -> None:
    """Open what is above the home. That is not checked, nor does sshd."""
    home.path.parent.chmod(0o777)


ACCEPTED = [
    as_it_is,
    token_of_root,
    image_of_another_user,
    kubernetes,
    volume_with_group,
    dotfiles,
    dotfiles_by_absolute_path,
    elsewhere,
    sticky_home,
    sticky_volume,
    below_an_open_folder,
]


@otheruser.needs_two_users
@pytest.mark.parametrize("arrange", ACCEPTED)
def test_what_no_other_user_can_have_written_is_read(
    home: Home, arrange: Callable[[Home], None]
) -> None:
    """As stock botocore does, whoever owns it, and through links."""
    arrange(home)
    found = home.read(groups=(GROUP,))
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


def others_write_token(home: Home) -> None:
    home.token.chmod(0o666)


def group_writes_token(home: Home) -> None:
    home.token.chmod(0o660)


def group_writes_token_of_root(home: Home) -> None:
    """Keep the folder, which is not root's."""
    give(home.token, 0, 0o664, USER)


def others_write_folder(home: Home) -> None:
    home.folder.chmod(0o777)


def group_writes_folder(home: Home) -> None:
    home.aws.chmod(0o775)


def others_write_folder_of_root(home: Home) -> None:
    give(home.aws, 0, 0o777)


def others_write_home(home: Home) -> None:
    home.path.chmod(0o777)


def token_of_another_user(home: Home) -> None:
    give(home.token, ATTACKER, 0o644)


def open_token_of_another_user(home: Home) -> None:
    give(home.token, ATTACKER, 0o666)


def folder_of_another_user(home: Home) -> None:
    give(home.folder, ATTACKER, 0o755)


def all_at_once(home: Home) -> None:
    home.aws.chmod(0o777)
    give(home.folder, ATTACKER, 0o755)
    home.token.chmod(0o666)


def link_into_an_open_folder(home: Home) -> None:
    elsewhere(home)
    home.outside.chmod(0o777)


def link_into_a_folder_of_another_user(home: Home) -> None:
    elsewhere(home)
    os.chown(home.outside, ATTACKER, ATTACKER)


def link_of_another_user(home: Home) -> None:
    """Put into a sticky folder. What it leads to is the user's own."""
    home.token.rename(home.path / "other.json")
    home.token.symlink_to(home.path / "other.json")
    give(home.token, ATTACKER, 0)
    give(home.folder, 0, 0o1777)


def link_in_an_open_folder(home: Home) -> None:
    """Another user could have made it lead to another of this user's files."""
    home.token.rename(home.path / "other.json")
    home.token.symlink_to(home.path / "other.json")
    give(home.token, USER, 0)
    home.folder.chmod(0o777)


REFUSED: dict[Callable[[Home], None], str] = {
    others_write_token: "other users can write it (if you trust it, run: chmod 600 {token})",
    group_writes_token: "other users can write it (if you trust it, run: chmod 600 {token})",
    group_writes_token_of_root: "other users can write it "
    "(if you trust it, run: sudo chmod go-w {token})",
    others_write_folder: "other users can write the folder {folder} "
    "(if you trust it, run: chmod go-w {folder})",
    group_writes_folder: "other users can write the folder {aws} "
    "(if you trust it, run: chmod go-w {aws})",
    others_write_folder_of_root: "other users can write the folder {aws} "
    "(if you trust it, run: sudo chmod +t {aws})",
    others_write_home: "other users can write the folder {path} "
    "(if you trust it, run: chmod go-w {path})",
    token_of_another_user: "it belongs to user 65534 "
    "(if you trust it, run: sudo chown -h 65533 {token})",
    open_token_of_another_user: "it belongs to user 65534 "
    "(if you trust it, run: sudo chown -h 65533 {token} && sudo chmod go-w {token})",
    folder_of_another_user: "the folder {folder} belongs to user 65534 "
    "(if you trust it, run: sudo chown -h 65533 {folder})",
    all_at_once: "other users can write the folder {aws} (if you trust it, run: "
    "chmod go-w {aws} && sudo chown -h 65533 {folder} && chmod 600 {token})",
    link_into_an_open_folder: "other users can write the folder {outside} "
    "(if you trust it, run: chmod go-w {outside})",
    link_into_a_folder_of_another_user: "the folder {outside} belongs to user 65534 "
    "(if you trust it, run: sudo chown -h 0 {outside})",
    link_of_another_user: "the link {token} belongs to user 65534 "
    "(if you trust it, run: sudo chown -h 65533 {token})",
    link_in_an_open_folder: "other users can write the folder {folder} "
    "(if you trust it, run: chmod go-w {folder})",
}


def fix(fault: str, uid: int = USER) -> None:
    """Run the command of a message: each part as the user, or as root where it says sudo."""
    match = re.search(r"run: (.*)\)", fault)
    assert match
    for step in match[1].split(" && "):
        user = 0 if step.startswith("sudo ") else uid
        command = ["/bin/sh", "-c", step.removeprefix("sudo ")]
        subprocess.run(command, check=True, cwd="/", user=user, group=user, extra_groups=[])


@otheruser.needs_two_users
@pytest.mark.parametrize("arrange", REFUSED)
def test_what_another_user_can_have_written_is_refused(
    home: Home, arrange: Callable[[Home], None]
) -> None:
    """It is reported once per process, and the command in the report fixes it."""
    arrange(home)
    found = home.read(times=3)
    fault = f"is not trusted: {REFUSED[arrange].format(**vars(home))}"
    assert found == {
        "ours": [None] * 3,
        "stock": DOCUMENT,
        "fault": fault,
        "messages": [f"Ignoring {home.token}, which {fault}"],
    }
    fix(fault)
    assert home.read()["ours"] == [DOCUMENT]


@otheruser.needs_two_users
def test_a_group_of_one_is_no_other_user(home: Home) -> None:
    """With umask 002, usual where each user has such a group, all that is made has this mode."""
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


@otheruser.needs_two_users
@pytest.mark.parametrize("mode", [0o755, 0o775])
def test_a_container_with_any_uid_has_the_root_folder_as_its_home(home: Home, mode: int) -> None:
    """As on OpenShift: no entry in passwd, group 0, and files of root that the group can write."""
    root = home.path
    for path in (root, *root.rglob("*")):
        give(path, 0, mode if path.is_dir() else 0o660)
    found = home.read(1000650000, gid=0, home="/", root=str(root))
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


ROOT = "root:x:0:0:root:/root:/bin/sh\nsync:x:5:0:sync:/sbin:/bin/sync\n"
USER_OF_IMAGE = f"image:x:{USER}:{{}}::/home/image:/bin/sh\n"


@otheruser.needs_two_users
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
def test_a_group_without_other_users_is_no_other_user(  # noqa: PLR0913 - what a group depends on
    home: Home, uid: int, gid: int, users: str, group: str, sources: str, *, read: bool
) -> None:
    """Images for any user id (OpenShift) and of Jupyter have such folders."""
    for path in (home.path, *home.path.rglob("*")):
        give(path, USER, 0o775 if path.is_dir() else 0o664, gid)
    (home.path / "etc").mkdir()
    (home.path / "etc/passwd").write_text(users)
    (home.path / "etc/group").write_text(f"{group}\n")
    (home.path / "etc/nsswitch.conf").write_text(f"passwd: {sources}\ngroup: files\n")
    found = home.read(uid, gid=gid, home="/", root=str(home.path))
    assert found["ours"] == [DOCUMENT if read else None]


@otheruser.needs_two_users
@pytest.mark.parametrize("owner", [0, ATTACKER])
def test_without_a_home_all_folders_up_to_the_root_are_checked(home: Home, owner: int) -> None:
    """A home that does not exist has no owner."""
    os.chown(home.path.parent, owner, owner)
    code = (
        "import os, sys, tempfile\nfrom pathlib import Path\n"
        "from sso_plugin.storage import modes, trust, folder\n"
        "from sso_plugin.storage.file_cache import FileCache\n"
        + otheruser.BECOME.format(uid=USER)
        + f"print(FileCache(Path({str(home.folder)!r})).why_unusable('token'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    refused = f"the folder {home.path.parent} belongs to user {ATTACKER}" in done.stdout
    assert (refused, done.stdout == "None\n") == (owner == ATTACKER, owner == 0)


def owned_by_a_user(home: Home) -> None:
    """As after ``docker run -v ~/.aws:/root/.aws``."""
    home.give_to(USER)
    os.chown(home.path, 0, 0)


def home_of_a_user(home: Home) -> None:
    """As after ``sudo -E``."""
    home.give_to(USER)


def only_the_folder_is_mounted(home: Home) -> None:
    home.give_to(0)
    give(home.folder, USER, 0o700)
    give(home.token, USER, 0o600)


def written_by_root_behind_a_link(home: Home) -> None:
    """By an older version, or by the AWS CLI."""
    dotfiles(home)
    os.chown(home.token, 0, 0)


@otheruser.needs_two_users
@pytest.mark.parametrize(
    "arrange",
    [
        as_it_is,
        owned_by_a_user,
        home_of_a_user,
        only_the_folder_is_mounted,
        written_by_root_behind_a_link,
        kubernetes,
        token_of_another_user,
    ],
)
def test_root_reads_what_was_put_where_only_root_or_the_user_can(
    home: Home, arrange: Callable[[Home], None]
) -> None:
    """With ``sudo``, and in containers that mount the ``~/.aws`` of a user."""
    arrange(home)
    found = home.read(0)
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


def planted_in_a_sticky_home(home: Home) -> None:
    home.give_to(ATTACKER)
    give(home.path, 0, 0o1777)


def link_to_the_token_of_a_third(home: Home) -> None:
    """Root can read it, the owner of the link cannot."""
    home.token.rename(home.outside / "token.json")
    home.token.symlink_to(home.outside / "token.json")
    owned_by_a_user(home)
    give(home.outside / "token.json", BUILDER, 0o600)
    give(home.outside, BUILDER, 0o700)


def token_of_a_third(home: Home) -> None:
    """Do what a user can only do by swapping folders while root reads."""
    owned_by_a_user(home)
    give(home.token, BUILDER, 0o600)


def link_to_the_folder_of_its_owner(home: Home) -> None:
    """Put the link where all users can make one."""
    home.aws.rename(home.outside / "aws")
    home.aws.symlink_to(home.outside / "aws")
    for path in (home.aws, home.outside, *home.outside.rglob("*")):
        os.chown(path, ATTACKER, ATTACKER, follow_symlinks=False)
    give(home.path, 0, 0o1777)


REFUSED_BY_ROOT: dict[Callable[[Home], None], str] = {
    planted_in_a_sticky_home: "the folder {aws} belongs to user 65534 "
    "(if you trust it, run: chown -h 0 {aws} && chown -h 0 {sso} && chown -h 0 {folder} && "
    "chown -h 0 {token})",
    others_write_folder: "other users can write the folder {folder} "
    "(if you trust it, run: chmod go-w {folder})",
    others_write_token: "other users can write it (if you trust it, run: chmod go-w {token})",
    link_to_the_token_of_a_third: "the link {token} of user 65533 leads to a file of another user "
    "(if you trust it, run: chown -h 0 {token})",
    token_of_a_third: "it belongs to user 65532 (if you trust it, run: chown -h 0 {token})",
    link_to_the_folder_of_its_owner: "the link {aws} belongs to user 65534 "
    "(if you trust it, run: chown -h 0 {aws})",
}


@otheruser.needs_two_users
@pytest.mark.parametrize("arrange", REFUSED_BY_ROOT)
def test_root_refuses_what_others_can_have_written(
    home: Home, arrange: Callable[[Home], None]
) -> None:
    """Root has most to lose."""
    arrange(home)
    fault = home.read(0)["fault"]
    names = {**vars(home), "sso": home.aws / "sso"}
    assert fault == f"is not trusted: {REFUSED_BY_ROOT[arrange].format(**names)}"
    fix(fault.replace("run: ", "run: sudo ").replace("&& ", "&& sudo "))
    assert home.read(0)["ours"] == [DOCUMENT]


UPDATE = """
n = getattr(sys, "n", 0) + 1
sys.n = n
old, new = Path({folder!r}, "..%s" % (n - 1)), Path({folder!r}, "..%s" % n)
new.mkdir()
(new / "token.json").write_text('{{"accessToken": "right"}}')
link = Path({folder!r}, "..data_tmp")
link.symlink_to(new.name)
link.replace(Path({folder!r}, "..data"))
(old / "token.json").unlink()
old.rmdir()
"""


@pytest.mark.parametrize("times", [400])
def test_an_update_of_a_volume_never_hides_the_token(tmp_path: Path, times: int) -> None:
    """Kubernetes renames a link, then deletes the old folder, at any moment of a reading."""
    (tmp_path / "..0").mkdir()
    (tmp_path / "..0/token.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "..data").symlink_to("..0")
    (tmp_path / "token.json").symlink_to("..data/token.json")
    code = (
        "import sys, time\nfrom pathlib import Path\nwhile True:\n    time.sleep(0.002)\n"
        + "".join(f"    {line}\n" for line in UPDATE.format(folder=str(tmp_path)).splitlines())
    )
    cache = FileCache(tmp_path)
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            found = [cache.get("token") for _ in range(times)]
            assert process.poll() is None
        finally:
            process.kill()
    assert [entry and entry.document for entry in found] == [DOCUMENT] * times


SWAP = """
os.rename({outside!r} + "/aws", {outside!r} + "/kept")
os.symlink({home!r} + "/real", {outside!r} + "/aws")
os.unlink({outside!r} + "/aws")
os.rename({outside!r} + "/kept", {outside!r} + "/aws")
"""


@otheruser.needs_two_users
def test_a_folder_that_another_user_swaps_is_never_trusted(home: Home) -> None:
    """Whatever it is at the moment of each check."""
    elsewhere(home)
    shutil.copytree(home.outside / "aws", home.path / "real", dirs_exist_ok=True)
    for path in (home.path / "real").rglob("*"):
        os.chown(path, USER, USER)
    home.outside.chmod(0o777)
    swap = SWAP.format(outside=str(home.outside), home=str(home.path))
    code = READ.replace('JSONFileCache(str(folder))["token"]', json.dumps(DOCUMENT))
    given = [USER, USER, [], str(home.path), "", 400]
    with otheruser.running_as(0, swap):
        found = outcome_of([sys.executable, "-c", code, json.dumps(given)])
    assert found["ours"] == [None] * 400


READ_ONLY = """
set -e
mount --bind {aws} {aws}
mount -o remount,ro,bind {aws}
exec "$@"
"""


@otheruser.needs_two_users
def test_the_trial_of_chmod_creates_nothing_elsewhere(home: Home) -> None:
    """A user makes a folder writable for all, and puts a link in its place while root tries."""
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
    with otheruser.running_as(USER, code):
        for _ in range(3000):
            modes._chmod_fails(folder)
    assert (victim.stat().st_mtime_ns, list(victim.iterdir())) == (before, [])


@otheruser.needs_two_users
def test_a_read_only_mount_proves_nothing(home: Home) -> None:
    """Another user may have written the file before, or beside the mount. A copy is trusted."""
    home.token.chmod(0o777)
    given = json.dumps([USER, USER, [], str(home.path), "", 1])
    mounted = ["unshare", "-m", "sh", "-c", READ_ONLY.format(aws=home.aws), "sh"]
    if subprocess.run([*mounted, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system permits no mounts")
    found = outcome_of([*mounted, sys.executable, "-c", READ, given])
    command = f'd=$(mktemp -d) && cp -RL {home.aws} "$d" && chmod -R go-w "$d" && export HOME="$d"'
    assert found["ours"] == [None]
    assert found["fault"] == (
        f"is not trusted: other users can write it (if you trust it, run: {command})"
    )
    as_user = f"setpriv --reuid={USER} --regid={USER} --clear-groups"
    done = subprocess.run(
        [*mounted, *as_user.split(), "sh", "-c", f'{command} && echo "$HOME"'],
        check=True,
        capture_output=True,
        text=True,
    )
    copied = Path(done.stdout.strip())
    try:
        found = home.read(home=str(copied))
    finally:
        shutil.rmtree(copied)
    assert found["ours"] == [DOCUMENT]


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
def test_a_file_system_without_modes_is_known_by_its_type(by: str) -> None:
    """A Windows drive with metadata has modes, and so has a disk that is mounted read-only."""
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
    """Do as some file systems do."""


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
def test_where_chmod_has_no_effect_every_mode_is_accepted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    created: int,
    chmod: Callable[[int, int], None],
    *,
    read: bool,
) -> None:
    """It is tried with a temporary file. The mode that this has at first does not decide."""
    cache = FileCache(tmp_path)
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


@pytest.mark.parametrize("name", ["token.json", ".", ".."])
def test_the_error_of_a_login_says_what_is_wrong_with_the_file(world: World, name: str) -> None:
    """The same as the report in the log, and the command in it fixes it."""
    from sso_plugin.signin.configured_login import ConfiguredLogin

    world.sign_in()
    target = world.token_file() if name == "token.json" else world.token_file().parent / name
    target = Path(os.path.normpath(target))
    target.chmod(stat.S_IMODE(target.stat().st_mode) | 0o002)
    with pytest.raises(LoginRequired) as caught:
        TokenSource(ConfiguredLogin.find("dev")).fetch()
    what = "it" if target.is_file() else f"the folder {target}"
    command = f"chmod {'600' if target.is_file() else 'go-w'} {target}"
    assert str(caught.value) == (
        f'The profile "dev" needs a login: {world.token_file()} is not trusted: other users can '
        f"write {what} (if you trust it, run: {command}). Run: sso-plugin login --profile dev"
    )
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert TokenSource(ConfiguredLogin.find("dev")).fetch().value


def test_no_command_changes_a_device(tmp_path: Path) -> None:
    """A link to /dev/null is a way to keep no tokens. All users can write it, and have to."""
    (tmp_path / "token.json").symlink_to("/dev/null")
    assert FileCache(tmp_path).why_unusable("token") == "cannot be read: it is not a regular file"


def test_links_in_a_circle_are_an_error_that_is_reported(tmp_path: Path) -> None:
    """And no endless loop."""
    (tmp_path / "token.json").symlink_to("token.json")
    assert str(FileCache(tmp_path).why_unusable("token")).startswith(
        "cannot be read: Too many levels"
    )


def test_a_link_to_nothing_is_no_file(tmp_path: Path) -> None:
    """As for stock botocore."""
    (tmp_path / "token.json").symlink_to("gone")
    assert FileCache(tmp_path).get("token") is None
    assert FileCache(tmp_path).why_unusable("token") is None
