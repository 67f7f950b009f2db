"""Files that another user could have created or changed are not read; all others are."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import other_user
import pytest
from caches import file_cache
from other_user import ATTACKER, USER
from token_home import BECOME, BUILDER, DOCUMENT, GROUP, READ, give, outcome_of

from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.errors import LoginRequired

if TYPE_CHECKING:
    from collections.abc import Callable

    from token_home import TokenHome
    from world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are layouts of Linux")


def as_it_is(home: TokenHome) -> None:
    """Change nothing."""


def token_of_root(home: TokenHome) -> None:
    give(home.token, 0, 0o644)


def image_of_another_user(home: TokenHome) -> None:
    home.give_to(BUILDER, 0o644)


def kubernetes(home: TokenHome) -> None:
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


def volume_with_group(home: TokenHome) -> None:
    """Make a volume with fsGroup that holds the whole of ``.aws``."""
    for folder in (home.aws, home.aws / "sso", home.folder):
        give(folder, 0, 0o2775, GROUP)
    give(home.token, 0, 0o660, GROUP)


def dotfiles(home: TokenHome) -> None:
    home.aws.rename(home.path / "dotfiles")
    home.aws.symlink_to("dotfiles")
    give(home.aws, USER, 0)


def dotfiles_by_absolute_path(home: TokenHome) -> None:
    home.aws.rename(home.path / "dotfiles")
    home.aws.symlink_to(home.path / "dotfiles")
    give(home.aws, USER, 0)


def elsewhere(home: TokenHome) -> None:
    home.aws.rename(home.outside / "aws")
    home.aws.symlink_to(home.outside / "aws")
    give(home.aws, USER, 0)


def sticky_home(home: TokenHome) -> None:
    give(home.path, 0, 0o1777)


def sticky_volume(home: TokenHome) -> None:
    give(home.aws, 0, 0o1777)


def below_an_open_folder(home: TokenHome) -> None:
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


@other_user.needs_two_users
@pytest.mark.parametrize("arrange", ACCEPTED)
def test_a_file_that_no_other_user_could_write_is_read(
    home: TokenHome, arrange: Callable[[TokenHome], None]
) -> None:
    """With any owner, and through links, as stock botocore does."""
    arrange(home)
    found = home.read(groups=(GROUP,))
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


def others_write_token(home: TokenHome) -> None:
    home.token.chmod(0o666)


def group_writes_token(home: TokenHome) -> None:
    home.token.chmod(0o660)


def group_writes_token_of_root(home: TokenHome) -> None:
    """Keep the folder, which is not root's."""
    give(home.token, 0, 0o664, USER)


def others_write_folder(home: TokenHome) -> None:
    home.folder.chmod(0o777)


def group_writes_folder(home: TokenHome) -> None:
    home.aws.chmod(0o775)


def others_write_folder_of_root(home: TokenHome) -> None:
    give(home.aws, 0, 0o777)


def others_write_home(home: TokenHome) -> None:
    home.path.chmod(0o777)


def token_of_another_user(home: TokenHome) -> None:
    give(home.token, ATTACKER, 0o644)


def open_token_of_another_user(home: TokenHome) -> None:
    give(home.token, ATTACKER, 0o666)


def folder_of_another_user(home: TokenHome) -> None:
    give(home.folder, ATTACKER, 0o755)


def all_at_once(home: TokenHome) -> None:
    home.aws.chmod(0o777)
    give(home.folder, ATTACKER, 0o755)
    home.token.chmod(0o666)


def link_into_an_open_folder(home: TokenHome) -> None:
    elsewhere(home)
    home.outside.chmod(0o777)


def link_into_a_folder_of_another_user(home: TokenHome) -> None:
    elsewhere(home)
    os.chown(home.outside, ATTACKER, ATTACKER)


def link_of_another_user(home: TokenHome) -> None:
    """Put into a sticky folder. What it leads to is the user's own."""
    home.token.rename(home.path / "other.json")
    home.token.symlink_to(home.path / "other.json")
    give(home.token, ATTACKER, 0)
    give(home.folder, 0, 0o1777)


def link_in_an_open_folder(home: TokenHome) -> None:
    """Another user could have made it lead to another of this user's files."""
    home.token.rename(home.path / "other.json")
    home.token.symlink_to(home.path / "other.json")
    give(home.token, USER, 0)
    home.folder.chmod(0o777)


REFUSED: dict[Callable[[TokenHome], None], str] = {
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


def fix(message: str, uid: int = USER) -> None:
    """Run the command of a message: each part as the user, or as root where it says sudo."""
    match = re.search(r"run: (.*)\)", message)
    assert match
    for step in match[1].split(" && "):
        user = 0 if step.startswith("sudo ") else uid
        command = ["/bin/sh", "-c", step.removeprefix("sudo ")]
        subprocess.run(command, check=True, cwd="/", user=user, group=user, extra_groups=[])


@pytest.mark.one_quick_case
@other_user.needs_two_users
@pytest.mark.parametrize("arrange", REFUSED)
def test_a_file_that_another_user_could_write_is_ignored(
    home: TokenHome, arrange: Callable[[TokenHome], None]
) -> None:
    """With one warning per process. The command in it fixes the problem."""
    arrange(home)
    found = home.read(times=3)
    why = f"is not trusted: {REFUSED[arrange].format(**vars(home))}"
    assert found == {
        "ours": [None] * 3,
        "stock": DOCUMENT,
        "why_unusable": why,
        "messages": [f"Ignoring {home.token}, which {why}"],
    }
    fix(why)
    assert home.read()["ours"] == [DOCUMENT]


@other_user.needs_two_users
@pytest.mark.parametrize("owner", [0, ATTACKER])
def test_all_folders_up_to_the_root_are_checked_without_a_home(home: TokenHome, owner: int) -> None:
    """A home that does not exist has no owner."""
    os.chown(home.path.parent, owner, owner)
    code = (
        "import os, sys, tempfile\nfrom pathlib import Path\n"
        "from sso_plugin.storage import modes, trust, folder\n"
        "from caches import file_cache\n"
        + BECOME.format(uid=USER)
        + f"print(file_cache(Path({str(home.folder)!r})).why_unusable('token'))"
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


def owned_by_a_user(home: TokenHome) -> None:
    """As after ``docker run -v ~/.aws:/root/.aws``."""
    home.give_to(USER)
    os.chown(home.path, 0, 0)


def home_of_a_user(home: TokenHome) -> None:
    """As after ``sudo -E``."""
    home.give_to(USER)


def only_the_folder_is_mounted(home: TokenHome) -> None:
    home.give_to(0)
    give(home.folder, USER, 0o700)
    give(home.token, USER, 0o600)


def written_by_root_behind_a_link(home: TokenHome) -> None:
    """By an older version, or by the AWS CLI."""
    dotfiles(home)
    os.chown(home.token, 0, 0)


@other_user.needs_two_users
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
def test_root_reads_files_that_only_root_or_the_user_could_write(
    home: TokenHome, arrange: Callable[[TokenHome], None]
) -> None:
    """With ``sudo``, and in containers that mount the ``~/.aws`` of a user."""
    arrange(home)
    found = home.read(0)
    assert (found["ours"], found["messages"]) == ([DOCUMENT], [])


def planted_in_a_sticky_home(home: TokenHome) -> None:
    home.give_to(ATTACKER)
    give(home.path, 0, 0o1777)


def link_to_the_token_of_a_third(home: TokenHome) -> None:
    """Root can read it, the owner of the link cannot."""
    home.token.rename(home.outside / "token.json")
    home.token.symlink_to(home.outside / "token.json")
    owned_by_a_user(home)
    give(home.outside / "token.json", BUILDER, 0o600)
    give(home.outside, BUILDER, 0o700)


def token_of_a_third(home: TokenHome) -> None:
    """Do what a user can only do by swapping folders while root reads."""
    owned_by_a_user(home)
    give(home.token, BUILDER, 0o600)


def link_to_the_folder_of_its_owner(home: TokenHome) -> None:
    """Put the link where all users can make one."""
    home.aws.rename(home.outside / "aws")
    home.aws.symlink_to(home.outside / "aws")
    for path in (home.aws, home.outside, *home.outside.rglob("*")):
        os.chown(path, ATTACKER, ATTACKER, follow_symlinks=False)
    give(home.path, 0, 0o1777)


REFUSED_BY_ROOT: dict[Callable[[TokenHome], None], str] = {
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


@other_user.needs_two_users
@pytest.mark.parametrize("arrange", REFUSED_BY_ROOT)
def test_root_ignores_files_that_another_user_could_write(
    home: TokenHome, arrange: Callable[[TokenHome], None]
) -> None:
    """The command in the message fixes the problem."""
    arrange(home)
    why = home.read(0)["why_unusable"]
    names = {**vars(home), "sso": home.aws / "sso"}
    assert why == f"is not trusted: {REFUSED_BY_ROOT[arrange].format(**names)}"
    fix(why.replace("run: ", "run: sudo ").replace("&& ", "&& sudo "))
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


@pytest.mark.long
@pytest.mark.parametrize("times", [400])
def test_a_token_can_be_read_during_an_update_of_its_volume(tmp_path: Path, times: int) -> None:
    """Kubernetes renames a link, then deletes the old folder."""
    (tmp_path / "..0").mkdir()
    (tmp_path / "..0/token.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "..data").symlink_to("..0")
    (tmp_path / "token.json").symlink_to("..data/token.json")
    code = (
        "import sys, time\nfrom pathlib import Path\nwhile True:\n    time.sleep(0.002)\n"
        + "".join(f"    {line}\n" for line in UPDATE.format(folder=str(tmp_path)).splitlines())
    )
    cache = file_cache(tmp_path)
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


@pytest.mark.long
@other_user.needs_two_users
def test_a_folder_that_another_user_swaps_is_never_trusted(home: TokenHome) -> None:
    """At the moment of each check it may be another one."""
    elsewhere(home)
    shutil.copytree(home.outside / "aws", home.path / "real", dirs_exist_ok=True)
    for path in (home.path / "real").rglob("*"):
        os.chown(path, USER, USER)
    home.outside.chmod(0o777)
    swap = SWAP.format(outside=str(home.outside), home=str(home.path))
    code = READ.replace('JSONFileCache(str(folder))["token"]', json.dumps(DOCUMENT))
    given = [USER, USER, [], str(home.path), "", 400]
    with other_user.running_as(0, swap):
        found = outcome_of([sys.executable, "-c", code, json.dumps(given)])
    assert found["ours"] == [None] * 400


READ_ONLY = """
set -e
mount --bind {aws} {aws}
mount -o remount,ro,bind {aws}
exec "$@"
"""


@pytest.mark.long
@other_user.needs_two_users
def test_a_file_on_a_read_only_mount_is_checked(home: TokenHome) -> None:
    """Another user may have written it before, or outside of the mount. A copy is trusted."""
    home.token.chmod(0o777)
    given = json.dumps([USER, USER, [], str(home.path), "", 1])
    mounted = ["unshare", "-m", "sh", "-c", READ_ONLY.format(aws=home.aws), "sh"]
    if subprocess.run([*mounted, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system permits no mounts")
    found = outcome_of([*mounted, sys.executable, "-c", READ, given])
    command = f'd=$(mktemp -d) && cp -RL {home.aws} "$d" && chmod -R go-w "$d" && export HOME="$d"'
    assert found["ours"] == [None]
    assert found["why_unusable"] == (
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


@pytest.mark.parametrize("name", ["token.json", ".", ".."])
def test_the_error_of_a_login_names_the_problem_of_the_file(world: World, name: str) -> None:
    """With the same words as the warning. The command in it fixes the problem."""
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


def test_the_message_about_a_device_has_no_command(tmp_path: Path) -> None:
    """Some users link a token file to /dev/null, which all users have to be able to write."""
    (tmp_path / "token.json").symlink_to("/dev/null")
    assert file_cache(tmp_path).why_unusable("token") == "cannot be read: it is not a regular file"


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """There is no endless loop."""
    (tmp_path / "token.json").symlink_to("token.json")
    assert str(file_cache(tmp_path).why_unusable("token")).startswith(
        "cannot be read: Too many levels"
    )


def test_a_link_to_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    """As for stock botocore."""
    (tmp_path / "token.json").symlink_to("gone")
    assert file_cache(tmp_path).get("token") is None
    assert file_cache(tmp_path).why_unusable("token") is None
