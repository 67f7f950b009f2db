"""The command ``credential-process``: quick, alone, and right in any doubt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import boto3
import otheruser
import pytest
from command import ENTRY, environment, run
from memos import plant, vouch

from sso_plugin.commands.credential_process import process_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

HEAVY = {
    "boto3",
    "botocore",
    "click",
    "configparser",
    "dataclasses",
    "filelock",
    "logging",
    "pathlib",
    "rich",
    "tempfile",
    "typing",
    "wrapt",
}

MODULES = """
import sys
from sso_plugin.cli import main
code = main(["credential-process", "--profile", "dev"])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def document(*words: str, **changes: str) -> dict[str, Any]:
    done = run("credential-process", *words, **changes)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def memos(world: World) -> list[Path]:
    return list((world.home / ".aws/sso-plugin").glob("process-*.json"))


class TestTheDocument:
    """What the SDKs expect."""

    def test_it_is_version_1(self, world: World) -> None:
        """With the account, which newer SDKs understand; one line, nothing on standard error."""
        world.sign_in()
        found = document("--profile", "dev")
        assert list(found) == [
            "Version",
            "AccessKeyId",
            "SecretAccessKey",
            "SessionToken",
            "Expiration",
            "AccountId",
        ]
        assert found["Version"] == 1
        assert found["AccountId"] == "111111111111"
        expires = datetime.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%S%z")
        assert expires > datetime.now(timezone.utc)

    @pytest.mark.parametrize("times", [1, 2], ids=["cold", "warm"])
    def test_it_is_the_same_cold_and_warm(self, world: World, times: int) -> None:
        """And its keys are good."""
        world.sign_in()
        for _ in range(times):
            found = document("--profile", "dev")
        keys = boto3.client(
            "sts",
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )
        assert keys.get_caller_identity()["Arn"].endswith("/alice")
        assert world.count("GetRoleCredentials") == 1

    @pytest.mark.parametrize(
        "words",
        [
            ["--profile=dev"],
            ["-p", "dev"],
            [],
            ["--profile", "dev", "--debug"],
        ],
        ids=" ".join,
    )
    def test_the_profile_can_be_named_in_each_usual_way(
        self, world: World, words: list[str]
    ) -> None:
        """Also by the environment."""
        world.sign_in()
        done = run("credential-process", *words, AWS_PROFILE="dev")
        assert json.loads(done.stdout)["Version"] == 1

    def test_an_sdk_takes_it(self, world: World, tmp_path: Path) -> None:
        """By ``credential_process``, from a profile that knows nothing of SSO."""
        script = tmp_path / "sso-plugin.py"
        script.write_text(ENTRY, encoding="utf-8")
        line = f"credential_process = {sys.executable} {script} credential-process --profile dev"
        world.configure(f"{world.emulator.profile()}[profile by-process]\n{line}\n")
        world.sign_in()
        code = (
            "import boto3; print(boto3.Session(profile_name='by-process', region_name='us-east-1')"
            ".client('sts').get_caller_identity()['Arn'])"
        )
        done = world.run(code, SSO_PLUGIN="off")
        assert done.stdout.endswith("/alice\n")


CHAIN = """
[profile chain]
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = dev
"""


class TestEveryProfile:
    """What a profile gives is the same here, in ``env``, ``exec`` and ``whoami``."""

    def test_a_role_chain_is_served(self, world: World) -> None:
        """Also without a region, and where the environment names another partition."""
        world.configure(world.emulator.profile() + CHAIN)
        world.sign_in()
        done = run("credential-process", "--profile", "chain", AWS_DEFAULT_REGION="cn-north-1")
        found = json.loads(done.stdout)
        assert found["Version"] == 1
        keys = boto3.client(
            "sts",
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )
        assert "assumed-role/Deploy/" in keys.get_caller_identity()["Arn"]
        assert datetime.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%S%z")

    def test_a_role_comes_before_sso_in_one_profile(self, world: World) -> None:
        """As in botocore, and so in every script that uses the profile."""
        role = CHAIN.replace("[profile chain]\n", "").replace("source_profile = dev", "{}")
        source = world.emulator.profile().replace("[profile dev]", "[profile base]")
        both = world.emulator.profile().partition("[profile dev]")[2]
        world.configure(f"{source}[profile dev]{both}{role.format('source_profile = base')}")
        world.sign_in()
        stock = boto3.Session(profile_name="dev", region_name="us-east-1").get_credentials()
        assert stock
        assert stock.method == "assume-role"
        document("--profile", "dev")
        assert world.count("AssumeRole") == 1

    def test_keys_without_an_expiration_are_served(self, world: World) -> None:
        """The document has no expiration then: they do not expire."""
        world.configure(
            "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = x\n"
        )
        assert document("--profile", "static") == {
            "Version": 1,
            "AccessKeyId": "AKIDEXAMPLE",
            "SecretAccessKey": "x",
        }

    @pytest.mark.parametrize("names", [["a"], ["a", "b"]], ids=len)
    def test_a_profile_that_asks_for_itself_is_an_error(
        self, world: World, tmp_path: Path, names: list[str]
    ) -> None:
        """And no endless row of processes."""
        script = tmp_path / "sso-plugin.py"
        script.write_text(ENTRY, encoding="utf-8")
        line = f"credential_process = {sys.executable} {script} credential-process --profile"
        asked = [*names[1:], names[0]]
        pairs = zip(names, asked, strict=True)
        world.configure("".join(f"[profile {one}]\n{line} {two}\n" for one, two in pairs))
        done = run("credential-process", "--profile", "a")
        assert (done.returncode, done.stdout) == (1, "")
        assert 'The profile "a" gets its credentials from itself' in done.stderr

    def test_a_profile_with_sso_may_name_this_command(self, world: World) -> None:
        """For programs that do not know SSO; it comes after SSO."""
        line = "credential_process = sso-plugin credential-process --profile dev\n"
        world.configure(world.emulator.profile() + line)
        world.sign_in()
        assert document("--profile", "dev")["AccountId"] == "111111111111"


class TestSpeed:
    """A program waits for it."""

    def test_a_warm_call_imports_next_to_nothing(self, world: World) -> None:
        """None of what takes time."""
        world.sign_in()
        document("--profile", "dev")
        done = subprocess.run(
            [sys.executable, "-c", MODULES],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        ours = {
            "sso_plugin",
            "sso_plugin.cli",
            "sso_plugin.commands.credential_process",
            "sso_plugin.storage",
            "sso_plugin.storage.keys",
            "sso_plugin.storage.reading",
        }
        # Start-up files of the environment, such as those of editable installs, have their own.
        bare = subprocess.run(
            [sys.executable, "-c", "import sys; print(*sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(done.stderr.split()) - set(bare.stdout.split()) | {"sso_plugin"}
        assert loaded & HEAVY == set()
        optional = {"sso_plugin.startup", "sso_plugin.commands"}
        assert {name for name in loaded if name.startswith("sso_plugin")} - optional == ours
        assert world.count("GetRoleCredentials") == 1

    def test_many_cold_calls_ask_once(self, world: World) -> None:
        """The others wait for the one."""
        world.sign_in()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: document("--profile", "dev"), range(8)))
        assert len({each["AccessKeyId"] for each in found}) == 1
        assert world.count("GetRoleCredentials") == 1


class TestTheMemo:
    """It holds for exactly the files it was written for."""

    def test_it_holds_no_secret(self, world: World) -> None:
        """It names a file and says how that looked."""
        world.sign_in()
        found = document("--profile", "dev")
        (memo,) = memos(world)
        text = memo.read_text(encoding="utf-8")
        assert not any(value in text for key, value in found.items() if "A" in key)
        assert list(json.loads(text)) == [
            "config",
            "token_file",
            "token_mark",
            "renew_from",
            "role_file",
            "role_mark",
        ]

    def test_another_config_is_another_role(self, world: World) -> None:
        """At once."""
        world.sign_in()
        document("--profile", "dev")
        world.configure(world.emulator.profile(role_name="ReadOnlyAccess"))
        document("--profile", "dev")
        assert world.count("GetRoleCredentials") == 2

    def test_another_config_file_is_another_role(self, world: World, tmp_path: Path) -> None:
        """Named by the environment."""
        world.sign_in()
        document("--profile", "dev")
        other = tmp_path / "other"
        other.write_text(world.emulator.profile(account_id="222222222222"), encoding="utf-8")
        assert document("--profile", "dev", AWS_CONFIG_FILE=str(other))["AccountId"] == "2" * 12

    def test_what_another_program_renewed_is_used(self, world: World) -> None:
        """The AWS CLI writes the same file."""
        world.sign_in()
        document("--profile", "dev")
        (file,) = world.role_files()
        renewed = json.loads(file.read_text(encoding="utf-8"))
        renewed["Credentials"]["AccessKeyId"] = "ASIARENEWED"
        file.write_text(json.dumps(renewed), encoding="utf-8")
        assert document("--profile", "dev")["AccessKeyId"] == "ASIARENEWED"
        assert document("--profile", "dev")["AccessKeyId"] == "ASIARENEWED"

    def test_what_is_due_for_renewal_is_renewed(self, world: World) -> None:
        """In time, not when it has expired."""
        world.emulator.settings.role_credentials = 60
        world.sign_in()
        first = process_document("dev")
        (memo,) = memos(world)
        held = json.loads(memo.read_text(encoding="utf-8"))
        (file,) = world.role_files()
        # As if 50 of its 60 seconds had gone by.
        then = file.stat().st_mtime - 600
        os.utime(file, (then, then))
        status = file.stat()
        held["role_mark"] = [
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_size,
            status.st_ino,
        ]
        held["renew_from"] = 0
        memo.write_text(json.dumps(held), encoding="utf-8")
        second = process_document("dev")
        assert first["AccessKeyId"] != second["AccessKeyId"]

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"config": 1}', "[" * 99999])
    def test_a_damaged_one_is_as_good_as_none(self, world: World, text: str) -> None:
        """And is replaced."""
        world.sign_in()
        first = process_document("dev")
        (memo,) = memos(world)
        memo.write_text(text, encoding="utf-8")
        assert process_document("dev") == first
        assert "role_file" in memo.read_text(encoding="utf-8")

    def test_a_link_in_its_place_is_followed(self, world: World, tmp_path: Path) -> None:
        """Only this user or root can have put it there."""
        world.sign_in()
        process_document("dev")
        (memo,) = memos(world)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(memo.read_bytes())
        memo.unlink()
        memo.symlink_to(elsewhere)
        assert process_document("dev")["Version"] == 1

    @pytest.mark.parametrize("name", ["../../x", "ü ñ", "a" * 200, "%s"], ids=ascii)
    def test_a_profile_may_have_any_name(self, world: World, name: str) -> None:
        """The worst that happens is that it takes longer."""
        world.configure(world.emulator.profile().replace("[profile dev]", f"[profile '{name}']"))
        world.sign_in()
        assert process_document(name) == process_document(name)
        assert world.count("GetRoleCredentials") == 1

    def test_after_a_logout_there_is_nothing(self, world: World) -> None:
        """The memo points at a file that is gone."""
        world.sign_in()
        document("--profile", "dev")
        run("logout", "--profile", "dev")
        done = run("credential-process", "--profile", "dev")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("Run: sso-plugin login --profile dev\n")

    def test_none_is_written_for_what_is_in_no_file(self, world: World) -> None:
        """With ``sso_cache = memory`` each call fetches."""
        world.configure(world.emulator.profile() + "sso_cache = memory\n")
        world.sign_in()
        assert process_document("dev")["Version"] == 1
        assert memos(world) == []


def make_world_writable(path: Path) -> None:
    path.chmod(0o606)


def make_large(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" " * 1_200_000)


def make_deep(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-1] + ', "deep": ' + "[" * 500 + "]" * 500 + "}", encoding="utf-8")


def make_link(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))
    path.chmod(0o666)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


SPOILS = [
    make_world_writable,
    make_large,
    make_deep,
    make_link,
    make_pipe,
]


class TestWhatIsNotTrusted:
    """The checks are those of every other reader."""

    def test_what_is_planted_would_be_used(self, world: World) -> None:
        """Else the tests below would show nothing."""
        world.sign_in()
        process_document("dev")
        plant(world.home)
        assert process_document("dev")["AccessKeyId"] == "PLANTED"

    @pytest.mark.parametrize("spoil", SPOILS)
    @pytest.mark.parametrize("which", ["memo", "role"])
    def test_a_file_that_fails_the_checks_is_not_used(
        self, world: World, which: str, spoil: Callable[[Path], None]
    ) -> None:
        """All is looked up again."""
        world.sign_in()
        first = process_document("dev")
        memo, role = plant(world.home)
        if which == "memo":
            spoil(memo)
        else:
            spoil(role)
            vouch(memo, role)
        assert process_document("dev") == first

    @pytest.mark.parametrize(
        "name", ["A" * 40, "a" * 39, "a" * 41, "../" + "a" * 40, "../../sso-plugin/x"]
    )
    def test_a_role_file_is_named_as_one(self, world: World, name: str) -> None:
        """The memo cannot lead to another file."""
        world.sign_in()
        first = process_document("dev")
        plant(world.home, name)
        assert process_document("dev") == first

    @pytest.mark.parametrize("renew_from", [float("nan"), "later", None, []])
    def test_a_memo_without_a_time_is_not_used(self, world: World, renew_from: object) -> None:
        """Nothing that is no number is later than now."""
        world.sign_in()
        first = process_document("dev")
        plant(world.home, renew_from=renew_from)
        assert process_document("dev") == first

    @pytest.mark.parametrize("credentials", [None, 7, [], "AccessKeyId", {}, {"AccessKeyId": 1}])
    def test_a_role_file_without_keys_is_not_used(self, world: World, credentials: object) -> None:
        """For every kind of value in the place of the keys."""
        world.sign_in()
        first = process_document("dev")
        memo, role = plant(world.home)
        role.write_text(json.dumps({"Credentials": credentials}))
        vouch(memo, role)
        assert process_document("dev") == first

    @pytest.mark.parametrize("name", ["\udcff", "a" * 3000], ids=ascii)
    def test_a_name_that_makes_no_file_name_is_a_profile_without_a_memo(
        self, world: World, name: str
    ) -> None:
        """It costs time and no traceback."""
        done = run("credential-process", "--profile", name)
        assert done.returncode == 1
        assert done.stderr.startswith("sso-plugin: The config profile (")

    def test_a_long_name_works_without_a_memo(self, world: World) -> None:
        """Each call looks everything up."""
        name = "a" * 3000
        world.configure(world.emulator.profile().replace("[profile dev]", f"[profile {name}]"))
        world.sign_in()
        assert process_document(name) == process_document(name)
        assert memos(world) == []

    @otheruser.needs_two_users
    @pytest.mark.parametrize("which", ["nothing", "memo", "role"])
    def test_a_file_of_another_user_is_not_used(self, world: World, which: str) -> None:
        """It may hold keys of another user."""
        world.sign_in()
        first = process_document("dev")["AccessKeyId"]
        with otheruser.folder_of(otheruser.USER) as folder:
            home = folder / "home"
            shutil.copytree(world.home, home)
            done = world.run(AS_USER, HOME=str(home), WHICH=which)
        assert done.stderr == ""
        assert done.stdout.split() == [first, "PLANTED" if which == "nothing" else first]


AS_USER = f"""
import os, sys
from pathlib import Path
from memos import plant, vouch
from sso_plugin.commands.credential_process import process_document
from otheruser import ATTACKER, USER
home = Path.home()
os.environ["AWS_CONFIG_FILE"] = str(home / ".aws/config")
print(process_document("dev")["AccessKeyId"])
memo, role = plant(home)
for path in (home, *home.rglob("*")):
    os.chown(path, USER, USER)
role.chmod(0o644)
if os.environ["WHICH"] == "role":
    os.chown(role, ATTACKER, ATTACKER)
vouch(memo, role)
memo.chmod(0o644)
if os.environ["WHICH"] == "memo":
    os.chown(memo, ATTACKER, ATTACKER)
{otheruser.BECOME.format(uid=otheruser.USER)}
print(process_document("dev")["AccessKeyId"])
"""


class TestFailures:
    """One sentence on standard error, code 1, nothing on standard output."""

    def test_no_login(self, world: World) -> None:
        """With the command that mends it."""
        done = run("credential-process", "--profile", "dev")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'sso-plugin: The profile "dev" needs a login: there is no token in '
            f"{world.token_file()}. Run: sso-plugin login --profile dev\n"
        )

    def test_a_profile_without_a_role(self, world: World) -> None:
        """With the keys to add."""
        world.configure("[profile plain]\nregion = us-east-1\n")
        done = run("credential-process", "--profile", "plain")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f'sso-plugin: The profile "plain" names no role in {world.config_file}: add '
            "sso_session, sso_account_id and sso_role_name to it.\n"
        )

    def test_a_profile_that_is_not_there(self, world: World) -> None:
        """It is not guessed."""
        done = run("credential-process", "--profile", "gone")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("sso-plugin: The config profile (gone) could not be found.")

    def test_a_portal_that_is_not_there_while_the_credentials_live(self, world: World) -> None:
        """They are used to their end."""
        world.sign_in()
        first = process_document("dev")
        for memo in memos(world):
            memo.unlink()
        (file,) = world.role_files()
        # Written so long ago that the last quarter of its life has begun.
        then = file.stat().st_mtime - 4 * 3600
        os.utime(file, (then, then))
        found = document("--profile", "dev", AWS_ENDPOINT_URL_SSO="http://127.0.0.1:9")
        assert found == first

    def test_a_reader_that_goes_away(self, world: World) -> None:
        """Is told nothing."""
        world.sign_in()
        with subprocess.Popen(
            [sys.executable, "-c", ENTRY, "credential-process", "--profile", "dev"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert b"Traceback" not in process.stderr.read()
