"""A command with credentials that are renewed: a real child and a real endpoint."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest
from botocore.configloader import raw_config_parse
from child import python, start
from pages import get_credentials

from sso_plugin.commands.aws_variables import OTHER_CREDENTIALS, UNDO
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.default_files import _section_text
from sso_plugin.commands.exec_.execution import run_with_credentials

if TYPE_CHECKING:
    from world import World


PRINT_ENVIRONMENT = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"


SCRIPT = """\
import boto3, os, sys, time
sts = boto3.client("sts")
seen = set()
end = time.time() + 120
while len(seen) < int(sys.argv[1]) and time.time() < end:
    assert sts.get_caller_identity()["Arn"].endswith("/alice")
    seen.add(boto3.DEFAULT_SESSION.get_credentials().access_key)
    time.sleep(0.1)
print(len(seen), boto3.DEFAULT_SESSION.get_credentials().method, sts.meta.region_name)
"""


HOSTILE = [
    "x\n[profile evil]\ncredential_process = touch /tmp/x",
    "x\r[profile evil]\rcredential_process = touch /tmp/x",
    "x\r\n[profile evil]\r\ncredential_process = touch /tmp/x",
    "x\x0b[profile evil]",
    "x\x85[profile evil]",
    "x\u2028[profile evil]",
    "\n[profile evil] = 1",
    {"a": "x", "[profile evil]": "y"},
]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_value_cannot_start_a_section_in_the_config_of_the_child(
    tmp_path: Path, value: object
) -> None:
    """Even if it has several lines."""
    file = tmp_path / "config"
    text = _section_text("default", {"output": value, "region": "eu-west-1"})
    file.write_text(text, encoding="utf-8")
    sections = raw_config_parse(str(file))
    assert list(sections) == ["default"]
    assert list(sections["default"]) == ["output", "region"]


DEFAULTS = [
    "default",
    "profile default",
    "profile 'default'",
    'profile "default"',
    'profile  def"ault"',
    "profile\tdefault",
    # What other SDKs read as this profile, and botocore as something else.
    " profile default ",
    " default ",
    "profile.default",
    "profile ' default'",
    "profile default] # ]",
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("header", DEFAULTS)
def test_other_default_profiles_are_hidden(world: World, tmp_path: Path, header: str) -> None:
    """However their headers are written."""
    world.sign_in()
    world.configure(f"{world.emulator.profile()}\n[{header}]\ncredential_process = false\n")
    code = "import os, shutil, sys; shutil.copy(os.environ['AWS_CONFIG_FILE'], sys.argv[1])"
    seen = tmp_path / "seen"
    assert run_with_credentials(python(code, str(seen)), CredentialsChoice("dev")) == 0
    assert "credential_process" not in seen.read_text()


def child_environment(tmp_path: Path, profile: str = "dev") -> dict[str, str]:
    """Return the environment of a command."""
    found = tmp_path / "environment"
    assert (
        run_with_credentials(python(PRINT_ENVIRONMENT, str(found)), CredentialsChoice(profile)) == 0
    )
    document: dict[str, str] = json.loads(found.read_text())
    return document


@pytest.mark.long
@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.long)])
def test_a_child_gets_renewed_credentials(world: World, count: int) -> None:
    """A boto3 script runs for several lifetimes, and no call fails."""
    world.sign_in()
    # They are renewed in the last quarter, so a pause of some seconds lets none expire.
    world.emulator.settings.role_credentials = 16
    run = start("--profile", "dev", "--", *python(SCRIPT, str(count)))
    out, err = run.communicate(timeout=240)
    assert (run.returncode, err) == (0, "")
    assert out == f"{count} container-role {world.emulator.region}\n"


@pytest.mark.long
def test_the_child_uses_the_endpoint_despite_other_credentials(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys in the environment, another profile there, a default profile with keys."""
    world.sign_in()
    world.configure(
        "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = x\n"
        + world.emulator.profile()
    )
    credentials = world.home / ".aws" / "credentials"
    credentials.write_text("[default]\naws_access_key_id = AKIA2\naws_secret_access_key = x\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIA3")
    monkeypatch.setenv("AWS_PROFILE", "default")
    out, err = start("-p", "dev", "--", *python(SCRIPT, "1")).communicate(timeout=120)
    assert (out, err) == (f"1 container-role {world.emulator.region}\n", "")


SEEN = """\
import boto3, json, sys
keys = {}
for name in (None, "default", "other", "third"):
    found = boto3.Session(profile_name=name).get_credentials()
    keys[str(name)] = found.access_key if found.method != "container-role" else "handed"
print(json.dumps(keys))
"""


STATIC = "[{}]\naws_access_key_id = {}\naws_secret_access_key = x\n"


@pytest.mark.long
@pytest.mark.parametrize("header", ["default", "other]\n[default", "default]  # [other"])
def test_other_profiles_of_a_credentials_file_stay_visible(world: World, header: str) -> None:
    """Only the default one is hidden, because its keys would come first."""
    world.sign_in()
    (world.home / ".aws" / "credentials").write_text(
        STATIC.format("third", "AKIA3")
        + STATIC.format(header, "AKIA2")
        + ("" if header.startswith("other") else STATIC.format("other", "AKIA1"))
        + "# the end"
    )
    out, err = start("-p", "dev", "--", *python(SEEN)).communicate(timeout=120)
    assert err == ""
    assert json.loads(out) == {
        "None": "handed",
        "default": "handed",
        "other": "handed" if header.startswith("other") else "AKIA1",
        "third": "AKIA3",
    }


BEFORE = b"# one\r\n[a]\r\naws_access_key_id = \xc3\xa4\n"


DEFAULT = b"[default] ; mine\naws_access_key_id = x\n  [profile default]\naws_session_token = x\n"


AFTER = b"[b]\ns3 =\n  x = [default]"


@pytest.mark.long
def test_a_credentials_file_is_copied_without_its_default(world: World, tmp_path: Path) -> None:
    """Byte by byte, readable by this user only, and deleted at the end."""
    world.sign_in()
    file = world.home / ".aws" / "credentials"
    seen = tmp_path / "seen"
    code = (
        "import os, shutil, sys; path = os.environ['AWS_SHARED_CREDENTIALS_FILE'];"
        "shutil.copy2(path, sys.argv[1]); print(path, os.stat(os.path.dirname(path)).st_mode)"
    )
    file.write_bytes(BEFORE + DEFAULT + AFTER)
    out, err = start("-p", "dev", "--", *python(code, str(seen))).communicate(timeout=120)
    assert err == ""
    path, mode = out.split()
    assert seen.read_bytes() == BEFORE + AFTER
    assert (seen.stat().st_mode & 0o777, int(mode) & 0o777) == (0o600, 0o700)
    assert not Path(path).exists()


def test_a_credentials_file_without_a_default_is_not_copied(world: World, tmp_path: Path) -> None:
    """No needless copy of a secret."""
    world.sign_in()
    file = world.home / ".aws" / "credentials"
    file.write_text(STATIC.format("other", "AKIA1"))
    assert child_environment(tmp_path)["AWS_SHARED_CREDENTIALS_FILE"] == str(file)


@pytest.mark.long
def test_a_folder_in_place_of_a_credentials_file_is_ignored(world: World, tmp_path: Path) -> None:
    """As in botocore."""
    world.sign_in()
    (world.home / ".aws" / "credentials").mkdir()
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in child_environment(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no passwd")
def test_a_command_runs_without_a_home_directory(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may have any user id and no HOME."""
    world.configure(STATIC.format("profile dev", "AKIA1"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(world.config_file))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in child_environment(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("text", [STATIC.format("Credentials", "AKIA4"), "no section"])
def test_a_file_of_boto_2_is_hidden(world: World, text: str) -> None:
    """Botocore would read it before it calls the endpoint."""
    world.sign_in()
    (world.home / ".boto").write_text(text)
    out, err = start("-p", "dev", "--", *python(SCRIPT, "0")).communicate(timeout=120)
    assert (out, err) == (f"0 container-role {world.emulator.region}\n", "")


def test_the_record_of_env_is_hidden_from_the_child(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``env --unset`` in the child would unset the endpoint."""
    world.sign_in()
    monkeypatch.setenv("SSO_PLUGIN_UNDO", '{"AWS_PROFILE": ["x", null]}')
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")
    found = child_environment(tmp_path)
    assert not {*OTHER_CREDENTIALS, UNDO} & found.keys() - {"AWS_CONTAINER_CREDENTIALS_FULL_URI"}


@pytest.mark.long
def test_the_default_profile_of_the_child_has_the_settings_of_the_profile(
    world: World, tmp_path: Path
) -> None:
    """Nested ones too. Credentials and secrets are left out."""
    world.sign_in()
    world.configure(
        world.emulator.profile()
        + "services = local\nretry_mode = adaptive\ns3 =\n  addressing_style = path\n"
        "[profile other]\nregion = eu-west-3\ncli_history = a\n  b\n"
        "[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n"
        "[services local]\ndynamodb =\n  endpoint_url = http://localhost:8000\n"
    )
    code = (
        "import json, os, sys, botocore.session as s; c = s.Session().full_config;"
        "text = open(os.environ['AWS_CONFIG_FILE']).read();"
        "mode = os.stat(os.path.dirname(os.environ['AWS_CONFIG_FILE'])).st_mode & 0o777;"
        "json.dump([c, text, mode], open(sys.argv[1], 'w'))"
    )
    found = tmp_path / "found"
    assert run_with_credentials(python(code, str(found)), CredentialsChoice("dev")) == 0
    config, text, mode = json.loads(found.read_text())
    assert config["profiles"] == {
        "default": {
            "region": world.emulator.region,
            "services": "local",
            "retry_mode": "adaptive",
            "s3": {"addressing_style": "path"},
        },
        "other": {"region": "eu-west-3", "cli_history": "a\nb"},
        "dev": config["profiles"]["dev"],
    }
    assert config["services"] == {"local": {"dynamodb": {"endpoint_url": "http://localhost:8000"}}}
    assert "hush" not in text
    assert mode == 0o700


@pytest.mark.long
def test_nothing_is_left_at_the_end(world: World, tmp_path: Path) -> None:
    """Neither the endpoint nor the files."""
    world.sign_in()
    environment = child_environment(tmp_path)
    assert not Path(environment["AWS_CONFIG_FILE"]).parent.exists()
    with pytest.raises(URLError, match="refused"):
        get_credentials(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"])


@pytest.mark.long
def test_a_role_chain_works(world: World, tmp_path: Path) -> None:
    """As does every provider of botocore."""
    world.sign_in()
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\nregion = eu-central-1\n"
    )
    code = (
        "import boto3, sys; identity = boto3.client('sts').get_caller_identity();"
        "open(sys.argv[1], 'w').write(identity['Arn'])"
    )
    found = tmp_path / "arn"
    assert run_with_credentials(python(code, str(found)), CredentialsChoice("chain")) == 0
    assert "assumed-role/Deploy" in found.read_text()


@pytest.mark.long
def test_the_child_gets_the_error_if_there_are_no_credentials(world: World) -> None:
    """With the fix in its message."""
    world.sign_in()
    world.emulator.settings.role_credentials = 2
    code = (
        "import boto3, sys, time; sts = boto3.client('sts')\n"
        "end, ready = time.time() + 60, False\n"
        "while time.time() < end:\n"
        "    try: sts.get_caller_identity(); time.sleep(0.1)\n"
        "    except Exception as error:\n"
        # Credentials may expire on the way to the child or to the endpoint.
        "        if 'Run: ' in str(error): print(error); break\n"
        "    if not ready: ready = True; print('ready', flush=True); sys.stdin.readline()\n"
    )
    run = start("-p", "dev", "--", *python(code), stdin=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    world.emulator.revoke("alice")
    world.token_file().unlink()
    out, _ = run.communicate("\n", timeout=120)
    assert "Run: sso-plugin login --profile dev" in out


@pytest.mark.long
def test_no_secret_is_in_the_process_list(world: World) -> None:
    """Neither in the arguments of the command nor in those of the child."""
    world.sign_in()
    code = "import os; print(*map(os.environ.get, ['AWS_CONTAINER_AUTHORIZATION_TOKEN']), flush=1)"
    run = start("-p", "dev", "--", *python(code + "; input()"), stdin=subprocess.PIPE)
    assert run.stdout is not None
    token = run.stdout.readline().strip()
    held = json.loads(world.role_files()[0].read_text())["Credentials"]
    access = json.loads(world.token_file().read_text())["accessToken"]
    lists = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if exists(path)]
    assert any(b"sso_plugin" in line for line in lists)
    for secret in (token, held["SecretAccessKey"], held["SessionToken"], access):
        assert len(secret) > 20
        assert not any(secret.encode() in line for line in lists)
    run.communicate("\n", timeout=120)


def exists(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
