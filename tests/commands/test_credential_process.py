"""``sso-plugin credential-process``: fast, and never wrong."""

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
import other_user
import pytest
from command import ENTRY, environment, run
from planted_memo import match_marks, plant

from sso_plugin.commands.aws_variables import record
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


def arn_of(found: dict[str, Any]) -> str:
    """Return whose credentials a document contains."""
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )
    return str(sts.get_caller_identity()["Arn"])


def memos(world: World) -> list[Path]:
    return list((world.home / ".aws/sso-plugin").glob("process-*.json"))


class TestDocument:
    """The JSON document that SDKs expect."""

    @pytest.mark.long
    def test_the_document_has_version_1(self, world: World) -> None:
        """With the account, for newer SDKs; one line, nothing on standard error."""
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

    @pytest.mark.long
    @pytest.mark.parametrize("times", [1, 2], ids=["cold", "warm"])
    def test_the_keys_work_with_a_cold_and_a_warm_cache(self, world: World, times: int) -> None:
        """They are fetched once."""
        world.sign_in()
        for _ in range(times):
            found = document("--profile", "dev")
        assert arn_of(found).endswith("/alice")
        assert world.count("GetRoleCredentials") == 1

    @pytest.mark.long
    def test_boto3_accepts_the_document(self, world: World, tmp_path: Path) -> None:
        """In ``credential_process`` of a profile without SSO."""
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
    """Profiles without SSO have the same credentials as in ``env``, ``exec`` and ``whoami``."""

    @pytest.mark.long
    def test_a_role_chain_is_served(self, world: World) -> None:
        """Also without a region, and if the environment names another partition."""
        world.configure(world.emulator.profile() + CHAIN)
        world.sign_in()
        done = run("credential-process", "--profile", "chain", AWS_DEFAULT_REGION="cn-north-1")
        found = json.loads(done.stdout)
        assert found["Version"] == 1
        assert "assumed-role/Deploy/" in arn_of(found)
        assert datetime.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%S%z")

    @pytest.mark.long
    def test_a_role_comes_before_sso_in_one_profile(self, world: World) -> None:
        """As in botocore."""
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

    @pytest.mark.long
    def test_keys_without_an_expiration_are_served(self, world: World) -> None:
        """The document has no expiration."""
        world.configure(
            "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = x\n"
        )
        assert document("--profile", "static") == {
            "Version": 1,
            "AccessKeyId": "AKIDEXAMPLE",
            "SecretAccessKey": "x",
        }

    @pytest.mark.long
    @pytest.mark.parametrize("names", [["a"], ["a", "b"]], ids=len)
    def test_a_profile_that_calls_itself_is_an_error(
        self, world: World, tmp_path: Path, names: list[str]
    ) -> None:
        """Instead of endless processes."""
        script = tmp_path / "sso-plugin.py"
        script.write_text(ENTRY, encoding="utf-8")
        line = f"credential_process = {sys.executable} {script} credential-process --profile"
        asked = [*names[1:], names[0]]
        pairs = zip(names, asked, strict=True)
        world.configure("".join(f"[profile {one}]\n{line} {two}\n" for one, two in pairs))
        done = run("credential-process", "--profile", "a")
        assert (done.returncode, done.stdout) == (1, "")
        assert 'The profile "a" gets its credentials from itself' in done.stderr

    @pytest.mark.long
    def test_a_profile_with_sso_may_name_this_command(self, world: World) -> None:
        """SSO comes first, so there is no loop."""
        line = "credential_process = sso-plugin credential-process --profile dev\n"
        world.configure(world.emulator.profile() + line)
        world.sign_in()
        assert document("--profile", "dev")["AccountId"] == "111111111111"


@pytest.mark.one_quick_case
@pytest.mark.parametrize("words", [["--profile", "dev"], []])
def test_in_a_shell_of_serve_the_config_of_the_user_is_read(world: World, words: list[str]) -> None:
    """The file of serve is deleted when serve ends."""
    world.sign_in()
    gone = str(world.home / "serve-1/config")
    changes = record({"AWS_PROFILE": "dev"}, {"AWS_PROFILE": None, "AWS_CONFIG_FILE": gone})
    found = document(*words, AWS_CONFIG_FILE=gone, SSO_PLUGIN_UNDO=changes)
    assert found["AccountId"] == "111111111111"


class TestSpeed:
    """Programs wait for this command."""

    @pytest.mark.long
    def test_a_call_with_a_warm_cache_imports_few_modules(self, world: World) -> None:
        """None of the slow ones."""
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

    @pytest.mark.long
    def test_many_calls_with_a_cold_cache_send_one_request(self, world: World) -> None:
        """The others wait for it."""
        world.sign_in()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: document("--profile", "dev"), range(8)))
        assert len({each["AccessKeyId"] for each in found}) == 1
        assert world.count("GetRoleCredentials") == 1


class TestMemo:
    """It is valid as long as the files do not change."""

    @pytest.mark.long
    def test_the_memo_contains_no_secret(self, world: World) -> None:
        """It contains paths, and numbers of their files."""
        world.sign_in()
        found = document("--profile", "dev")
        (memo,) = memos(world)
        text = memo.read_text(encoding="utf-8")
        assert not any(value in text for key, value in found.items() if "A" in key)
        assert list(json.loads(text)) == [
            "config",
            "token_file",
            "token_marks",
            "renew_from",
            "role_file",
            "role_mark",
        ]

    @pytest.mark.long
    def test_a_changed_config_file_is_read_again(self, world: World) -> None:
        """At the next call."""
        world.sign_in()
        document("--profile", "dev")
        world.configure(world.emulator.profile(role_name="ReadOnlyAccess"))
        document("--profile", "dev")
        assert world.count("GetRoleCredentials") == 2

    @pytest.mark.long
    def test_another_config_file_is_read(self, world: World, tmp_path: Path) -> None:
        """Its path is in the environment."""
        world.sign_in()
        document("--profile", "dev")
        other = tmp_path / "other"
        other.write_text(world.emulator.profile(account_id="222222222222"), encoding="utf-8")
        assert document("--profile", "dev", AWS_CONFIG_FILE=str(other))["AccountId"] == "2" * 12

    @pytest.mark.long
    def test_credentials_renewed_by_another_program_are_used(self, world: World) -> None:
        """The AWS CLI writes the same file."""
        world.sign_in()
        document("--profile", "dev")
        (file,) = world.role_files()
        renewed = json.loads(file.read_text(encoding="utf-8"))
        renewed["Credentials"]["AccessKeyId"] = "ASIARENEWED"
        file.write_text(json.dumps(renewed), encoding="utf-8")
        assert document("--profile", "dev")["AccessKeyId"] == "ASIARENEWED"
        assert document("--profile", "dev")["AccessKeyId"] == "ASIARENEWED"

    def test_credentials_are_renewed_before_they_expire(self, world: World) -> None:
        """The memo contains the time."""
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

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"config": 1}', "[" * 99999])
    def test_a_damaged_memo_is_replaced(self, world: World, text: str) -> None:
        """It is ignored."""
        world.sign_in()
        first = process_document("dev")
        (memo,) = memos(world)
        memo.write_text(text, encoding="utf-8")
        assert process_document("dev") == first
        assert "role_file" in memo.read_text(encoding="utf-8")

    def test_a_link_to_a_memo_is_followed(self, world: World, tmp_path: Path) -> None:
        """Only this user or root can have created it."""
        world.sign_in()
        process_document("dev")
        (memo,) = memos(world)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(memo.read_bytes())
        memo.unlink()
        memo.symlink_to(elsewhere)
        assert process_document("dev")["Version"] == 1

    @pytest.mark.parametrize("name", ["../../x", "ü ñ", "a" * 200, "%s"], ids=ascii)
    def test_a_profile_can_have_any_name(self, world: World, name: str) -> None:
        """Without a memo, a call only takes longer."""
        world.configure(world.emulator.profile().replace("[profile dev]", f"[profile '{name}']"))
        world.sign_in()
        assert process_document(name) == process_document(name)
        assert world.count("GetRoleCredentials") == 1

    @pytest.mark.long
    def test_after_a_logout_there_are_no_credentials(self, world: World) -> None:
        """The memo names a file that is gone."""
        world.sign_in()
        document("--profile", "dev")
        run("logout", "--profile", "dev")
        done = run("credential-process", "--profile", "dev")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("Run: sso-plugin login --profile dev\n")

    def test_no_memo_is_written_without_a_role_file(self, world: World) -> None:
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


class TestUntrustedFiles:
    """The memo and the role file are checked like all other files."""

    def test_planted_credentials_that_pass_the_checks_are_used(self, world: World) -> None:
        """Otherwise the tests below would prove nothing."""
        world.sign_in()
        process_document("dev")
        plant(world.home)
        assert process_document("dev")["AccessKeyId"] == "PLANTED"

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("spoil", SPOILS)
    @pytest.mark.parametrize("which", ["memo", "role"])
    def test_a_file_that_fails_the_checks_is_ignored(
        self, world: World, which: str, spoil: Callable[[Path], None]
    ) -> None:
        """Everything is looked up again."""
        world.sign_in()
        first = process_document("dev")
        memo, role = plant(world.home)
        if which == "memo":
            spoil(memo)
        else:
            spoil(role)
            match_marks(memo, role)
        assert process_document("dev") == first

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize(
        "name", ["A" * 40, "a" * 39, "a" * 41, "../" + "a" * 40, "../../sso-plugin/x"]
    )
    def test_a_memo_cannot_name_another_file(self, world: World, name: str) -> None:
        """The name has to be the one of a role file."""
        world.sign_in()
        first = process_document("dev")
        plant(world.home, name)
        assert process_document("dev") == first

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("renew_from", [float("nan"), "later", None, []])
    def test_a_memo_without_a_valid_time_is_ignored(self, world: World, renew_from: object) -> None:
        """For values that are not numbers."""
        world.sign_in()
        first = process_document("dev")
        plant(world.home, renew_from=renew_from)
        assert process_document("dev") == first

    @pytest.mark.one_quick_case
    @pytest.mark.parametrize("credentials", [None, 7, [], "AccessKeyId", {}, {"AccessKeyId": 1}])
    def test_a_role_file_without_keys_is_ignored(self, world: World, credentials: object) -> None:
        """For values of every type."""
        world.sign_in()
        first = process_document("dev")
        memo, role = plant(world.home)
        role.write_text(json.dumps({"Credentials": credentials}))
        match_marks(memo, role)
        assert process_document("dev") == first

    @pytest.mark.long
    @pytest.mark.parametrize("name", ["\udcff", "a" * 3000], ids=ascii)
    def test_a_name_that_cannot_be_a_file_name_is_an_error_without_traceback(
        self, world: World, name: str
    ) -> None:
        """There is no memo for it."""
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

    @pytest.mark.long
    @other_user.needs_two_users
    @pytest.mark.parametrize("which", ["nothing", "memo", "role"])
    def test_a_file_of_another_user_is_ignored(self, world: World, which: str) -> None:
        """It may contain keys of that user."""
        world.sign_in()
        first = process_document("dev")["AccessKeyId"]
        with other_user.folder_of(other_user.USER) as folder:
            home = folder / "home"
            shutil.copytree(world.home, home)
            done = world.run(AS_USER, HOME=str(home), WHICH=which)
        assert done.stderr == ""
        assert done.stdout.split() == [first, "PLANTED" if which == "nothing" else first]


AS_USER = f"""
import os, sys
from pathlib import Path
from planted_memo import plant, match_marks
from sso_plugin.commands.aws_variables import record
from sso_plugin.commands.credential_process import process_document
from other_user import ATTACKER, USER
home = Path.home()
os.environ["AWS_CONFIG_FILE"] = str(home / ".aws/config")
print(process_document("dev")["AccessKeyId"])
memo, role = plant(home)
for path in (home, *home.rglob("*")):
    os.chown(path, USER, USER)
role.chmod(0o644)
if os.environ["WHICH"] == "role":
    os.chown(role, ATTACKER, ATTACKER)
match_marks(memo, role)
memo.chmod(0o644)
if os.environ["WHICH"] == "memo":
    os.chown(memo, ATTACKER, ATTACKER)
{other_user.BECOME.format(uid=other_user.USER)}
print(process_document("dev")["AccessKeyId"])
"""


class TestFailures:
    """One sentence on standard error, code 1, nothing on standard output."""

    @pytest.mark.long
    def test_a_missing_login_is_an_error(self, world: World) -> None:
        """With the command to run."""
        done = run("credential-process", "--profile", "dev")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'sso-plugin: The profile "dev" needs a login: it has no access token. '
            "Run: sso-plugin login --profile dev\n"
        )

    @pytest.mark.long
    def test_a_profile_without_a_role_is_an_error(self, world: World) -> None:
        """With the settings to add."""
        world.configure("[profile plain]\nregion = us-east-1\n")
        done = run("credential-process", "--profile", "plain")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f'sso-plugin: The profile "plain" has no role in {world.config_file}. Add '
            "sso_session, sso_account_id and sso_role_name to it.\n"
        )

    @pytest.mark.long
    def test_a_missing_profile_is_an_error(self, world: World) -> None:
        """No other profile is used instead."""
        done = run("credential-process", "--profile", "gone")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("sso-plugin: The config profile (gone) could not be found.")

    @pytest.mark.long
    def test_valid_credentials_are_used_if_the_portal_is_unreachable(self, world: World) -> None:
        """Until they expire."""
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

    @pytest.mark.long
    def test_a_closed_pipe_causes_no_traceback(self, world: World) -> None:
        """The reader ended early."""
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
