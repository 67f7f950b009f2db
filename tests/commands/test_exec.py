"""A command with credentials that renew: a real child, a real endpoint, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pytest
from botocore.configloader import raw_config_parse
from botocore.credentials import ReadOnlyCredentials

from sso_plugin.cli import main
from sso_plugin.commands.aws_variables import IN_THE_WAY, UNDO
from sso_plugin.commands.container import CredentialsEndpoint
from sso_plugin.commands.exec_.execution import _section_text, run_with_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(sys.path)}

PRINT_ENVIRONMENT = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"

SCRIPT = """\
import boto3, os, sys, time
sts = boto3.client("sts")
seen = set()
end = time.time() + float(sys.argv[1])
while time.time() < end:
    assert sts.get_caller_identity()["Arn"].endswith("/alice")
    seen.add(boto3.DEFAULT_SESSION.get_credentials().access_key)
    time.sleep(0.1)
print(len(seen), boto3.DEFAULT_SESSION.get_credentials().method, sts.meta.region_name)
"""


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


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
def test_a_value_begins_no_section_in_the_file_of_the_child(tmp_path: Path, value: object) -> None:
    """However many lines it has."""
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


@pytest.mark.parametrize("header", DEFAULTS)
def test_another_default_profile_is_out_of_sight(world: World, tmp_path: Path, header: str) -> None:
    """However its name is written."""
    world.sign_in()
    world.configure(f"{world.emulator.profile()}\n[{header}]\ncredential_process = false\n")
    code = "import os, shutil, sys; shutil.copy(os.environ['AWS_CONFIG_FILE'], sys.argv[1])"
    seen = tmp_path / "seen"
    assert run_with_credentials(python(code, str(seen)), "dev") == 0
    assert "credential_process" not in seen.read_text()


def start(*words: str, **options: Any) -> subprocess.Popen[str]:
    """Start the real command."""
    return subprocess.Popen(
        [sys.executable, "-m", "sso_plugin", "exec", *words],
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def get(url: str, token: str = "", host: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": token, **({"Host": host} if host else {})}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def child_environment(tmp_path: Path, profile: str = "dev") -> dict[str, str]:
    """Return what a command would find around it."""
    found = tmp_path / "environment"
    assert run_with_credentials(python(PRINT_ENVIRONMENT, str(found)), profile) == 0
    document: dict[str, str] = json.loads(found.read_text())
    return document


def test_a_child_outlives_its_credentials(world: World) -> None:
    """A boto3 script, several credential lifetimes long, in which no call fails."""
    world.sign_in()
    world.emulator.settings.role_credentials = 2
    run = start("--profile", "dev", "--", *python(SCRIPT, "7"))
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "")
    count, method, region = out.split()
    assert int(count) >= 4
    assert (method, region) == ("container-role", world.emulator.region)


def test_the_child_uses_the_endpoint_whatever_else_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys in the environment, another profile there, a default profile with keys of its own."""
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
    out, err = start("-p", "dev", "--", *python(SCRIPT, "0.2")).communicate(timeout=60)
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


@pytest.mark.parametrize("header", ["default", "other]\n[default", "default]  # [other"])
def test_the_other_profiles_of_a_credentials_file_stay_in_sight(world: World, header: str) -> None:
    """Beside a default one, which does not: its keys would come before those handed out."""
    world.sign_in()
    (world.home / ".aws" / "credentials").write_text(
        STATIC.format("third", "AKIA3")
        + STATIC.format(header, "AKIA2")
        + ("" if header.startswith("other") else STATIC.format("other", "AKIA1"))
        + "# the end"
    )
    out, err = start("-p", "dev", "--", *python(SEEN)).communicate(timeout=60)
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


def test_a_credentials_file_is_the_same_but_for_its_default(world: World, tmp_path: Path) -> None:
    """Byte by byte, for this user only, and gone with the command."""
    world.sign_in()
    file = world.home / ".aws" / "credentials"
    seen = tmp_path / "seen"
    code = (
        "import os, shutil, sys; path = os.environ['AWS_SHARED_CREDENTIALS_FILE'];"
        "shutil.copy2(path, sys.argv[1]); print(path, os.stat(os.path.dirname(path)).st_mode)"
    )
    file.write_bytes(BEFORE + DEFAULT + AFTER)
    out, err = start("-p", "dev", "--", *python(code, str(seen))).communicate(timeout=60)
    assert err == ""
    path, mode = out.split()
    assert seen.read_bytes() == BEFORE + AFTER
    assert (seen.stat().st_mode & 0o777, int(mode) & 0o777) == (0o600, 0o700)
    assert not Path(path).exists()


def test_a_credentials_file_without_a_default_is_the_user_s_own(
    world: World, tmp_path: Path
) -> None:
    """No copy of a secret is made without need."""
    world.sign_in()
    file = world.home / ".aws" / "credentials"
    file.write_text(STATIC.format("other", "AKIA1"))
    assert child_environment(tmp_path)["AWS_SHARED_CREDENTIALS_FILE"] == str(file)


def test_a_credentials_file_that_is_a_folder_is_as_good_as_none(
    world: World, tmp_path: Path
) -> None:
    """Botocore ignores it as well."""
    world.sign_in()
    (world.home / ".aws" / "credentials").mkdir()
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in child_environment(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no passwd")
def test_without_a_home_folder_the_command_runs_as_on_stock(
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


@pytest.mark.parametrize("text", [STATIC.format("Credentials", "AKIA4"), "no section"])
def test_a_file_of_boto_2_is_out_of_sight(world: World, text: str) -> None:
    """It is read by botocore, before it asks the endpoint."""
    world.sign_in()
    (world.home / ".boto").write_text(text)
    out, err = start("-p", "dev", "--", *python(SCRIPT, "0")).communicate(timeout=60)
    assert (out, err) == (f"0 container-role {world.emulator.region}\n", "")


def test_a_child_does_not_see_what_env_has_noted(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undoing that in the child would take the endpoint's place."""
    world.sign_in()
    monkeypatch.setenv("SSO_PLUGIN_UNDO", '{"AWS_PROFILE": ["x", null]}')
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")
    found = child_environment(tmp_path)
    assert not {*IN_THE_WAY, UNDO} & found.keys() - {"AWS_CONTAINER_CREDENTIALS_FULL_URI"}


def test_the_child_sees_the_settings_of_the_profile_as_its_default(
    world: World, tmp_path: Path
) -> None:
    """Nested ones included, and the other sections too; credentials and secrets are left out."""
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
    assert run_with_credentials(python(code, str(found)), "dev") == 0
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


def test_nothing_is_left_behind(world: World, tmp_path: Path) -> None:
    """Neither the endpoint nor the files."""
    world.sign_in()
    environment = child_environment(tmp_path)
    assert not Path(environment["AWS_CONFIG_FILE"]).parent.exists()
    with pytest.raises(URLError, match="refused"):
        get(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"])


def test_a_role_chain_is_served_too(world: World, tmp_path: Path) -> None:
    """Whatever botocore can get, with the end it has."""
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
    assert run_with_credentials(python(code, str(found)), "chain") == 0
    assert "assumed-role/Deploy" in found.read_text()


def keys() -> tuple[ReadOnlyCredentials, float]:
    # Older botocore has no account id in here.
    values = ("ASIA", "secret", "token", "111111111111")[: len(ReadOnlyCredentials._fields)]
    return ReadOnlyCredentials(*values), 4102444800.5


def test_the_endpoint_answers_as_the_ecs_agent_does() -> None:
    """The same names, for whoever brings the token."""
    with CredentialsEndpoint(keys) as endpoint:
        variables = endpoint.environment()
        answer = get(
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
        )
    assert answer == {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": "2100-01-01T00:00:00Z",
        "AccountId": "111111111111",
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"token": "wrong"}, 403),
        ({"token": ""}, 403),
        ({"token": "w\xf6rong"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "localhost"}, 403),
        ({"path": "/other"}, 404),
    ],
)
def test_the_endpoint_refuses_whoever_else_asks(change: dict[str, str], status: int) -> None:
    """A wrong token, a web page with a name of its own for this address, another path."""
    with CredentialsEndpoint(keys) as endpoint:
        variables = endpoint.environment()
        url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].replace(
            "/credentials", change.get("path", "/credentials")
        )
        token = change.get("token", variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
        with pytest.raises(HTTPError) as caught:
            get(url, token, change.get("host"))
        body = caught.value.read().decode()
        caught.value.close()
    assert caught.value.code == status
    assert "secret" not in body


def test_a_flood_of_connections_does_not_keep_credentials_from_the_child() -> None:
    """A request that has shown the token is answered, however long fetching takes."""

    def fetch() -> tuple[ReadOnlyCredentials, float]:
        asked.set()
        assert flooded.wait(20)
        return keys()

    asked, flooded = threading.Event(), threading.Event()
    with CredentialsEndpoint(fetch) as endpoint, contextlib.ExitStack() as open_connections:
        variables = endpoint.environment()
        url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        address = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(get, url, variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
            assert asked.wait(20)
            for _ in range(100):
                open_connections.enter_context(socket.create_connection(address, 10))
            # The last one was accepted, so all before it were.
            with pytest.raises(HTTPError) as caught:
                get(url)
            caught.value.close()
            flooded.set()
            assert answer.result()["AccessKeyId"] == "ASIA"


def test_the_child_is_told_why_there_are_no_credentials(world: World) -> None:
    """The sentence with the mend arrives where somebody reads it."""
    world.sign_in()
    world.emulator.settings.role_credentials = 2
    code = (
        "import boto3, sys, time, pathlib; sts = boto3.client('sts'); sts.get_caller_identity();"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try: sts.get_caller_identity()\n"
        "except Exception as error: print(error)"
    )
    run = start("-p", "dev", "--", *python(code), stdin=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    world.emulator.revoke("alice")
    world.token_file().unlink()
    time.sleep(2.2)
    out, _ = run.communicate("\n", timeout=60)
    assert "Run: sso-plugin login --profile dev" in out


def test_no_secret_is_in_the_process_list(world: World) -> None:
    """Neither in the words of the command nor in those of the child."""
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
    run.communicate("\n", timeout=60)


def exists(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_the_exit_code_is_that_of_the_child(world: World, code: str, expected: int) -> None:
    """As a shell gives it: 128+n for signal n."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "--", *python(code)]) == expected


def test_a_command_that_does_not_exist_is_an_error(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and the code of a shell."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "--", "no-such-command"]) == 127
    plain = tmp_path / "plain"
    plain.touch()
    assert main(["exec", "-p", "dev", "--", str(plain)]) == 126
    assert capsys.readouterr().err == (
        "sso-plugin: no-such-command cannot be run: No such file or directory\n"
        f"sso-plugin: {plain} cannot be run: Permission denied\n"
    )


def test_without_a_login_the_command_is_not_started(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error comes before anything has happened."""
    started = tmp_path / "started"
    assert main(["exec", "-p", "dev", "--", "touch", str(started)]) == 1
    assert "Run: sso-plugin login --profile dev" in capsys.readouterr().err
    assert not started.exists()


def test_a_profile_without_credentials_is_an_error(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the keys to add."""
    world.configure("[profile plain]\nregion = eu-central-1\n")
    assert main(["exec", "-p", "plain", "--", "true"]) == 1
    assert capsys.readouterr().err == (
        'sso-plugin: The profile "plain" gives no credentials: add sso_session, sso_account_id '
        "and sso_role_name to it.\n"
    )


def test_the_options_of_the_child_are_its_own(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """With and without two dashes."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "echo", "--profile", "x", "--help"]) == 0
    assert capfd.readouterr().out == "--profile x --help\n"


COUNT_SIGNALS = """\
import signal, sys, time
got = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda number, _: got.append(number))
print("ready", flush=True)
end = time.time() + 1.5
while time.time() < end:
    time.sleep(0.05)
print(*[signal.Signals(number).name for number in got], flush=True)
"""


@pytest.fixture
def _hangup_heard() -> Iterator[None]:
    """Let children hear SIGHUP, also where the tests themselves were started with ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup_heard")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_signals_are_passed_on_once(world: World, name: str) -> None:
    """The child decides what becomes of them."""
    world.sign_in()
    run = start("-p", "dev", "--", *python(COUNT_SIGNALS), start_new_session=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(getattr(signal, name))
    assert run.communicate(timeout=30)[0] == f"{name}\n"
    assert run.returncode == 0


def test_a_child_that_is_ended_by_a_signal_passes_its_code_on(world: World) -> None:
    """One that does not care about signals ends by them, and we with it."""
    world.sign_in()
    run = start(
        "-p", "dev", "--", *python("print('ready', flush=True); import time; time.sleep(60)")
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.terminate()
    run.communicate(timeout=30)
    assert run.returncode == 143


def in_terminal(words: list[str]) -> tuple[int, int]:
    """Start the command in a terminal of its own; returns its process and the other end."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(  # noqa: S606
            sys.executable,
            [sys.executable, "-m", "sso_plugin", "exec", "-p", "dev", "--", *words],
            {**os.environ, **ENVIRONMENT, "PS1": "prompt>"},
        )
    return process, terminal


def read_until(terminal: int, word: str | None = None) -> str:
    """Read what the terminal shows, until a word or the end; both within a bounded time."""
    seen = ""
    while word is None or word not in seen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"{word!r} did not come, but {seen!r}"
        try:
            seen += os.read(terminal, 1024).decode()
        except OSError:
            assert word is None, f"{word!r} did not come, but {seen!r}"
            return seen
    return seen


@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_ctrl_c_reaches_the_child_once(world: World) -> None:
    """The terminal has sent it already; a second one would mean: drop everything."""
    world.sign_in()
    process, terminal = in_terminal(python(COUNT_SIGNALS))
    read_until(terminal, "ready\r\n")
    os.write(terminal, b"\x03")
    assert read_until(terminal).removeprefix("^C").split() == ["SIGINT"]
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    os.close(terminal)


@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_an_interactive_shell_has_job_control(world: World) -> None:
    """A shell in there takes the terminal, and its Ctrl-C is no business of ours."""
    world.sign_in()
    process, terminal = in_terminal(["sh", "-i"])
    read_until(terminal, "prompt>")
    os.write(terminal, b"echo $((40+1)); sleep 60\n")
    read_until(terminal, "41")
    time.sleep(0.2)
    os.write(terminal, b"\x03")
    os.write(terminal, b"echo still $((40+2)) here; exit 3\n")
    assert "still 42 here" in read_until(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 3
    os.close(terminal)


@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_ctrl_z_suspends_both_and_they_go_on_together(world: World) -> None:
    """As one job of the shell: the endpoint sleeps and wakes with the command."""
    world.sign_in()
    code = "import time; print('rea' 'dy', flush=True); time.sleep(1); print('do' 'ne', flush=True)"
    words = [sys.executable, "-m", "sso_plugin", "exec", "-p", "dev", "--", *python(code)]
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, **ENVIRONMENT, "PS1": "prompt>"}
        os.execve("/bin/bash", ["bash", "--norc", "-i"], environment)  # noqa: S606
    os.write(terminal, f"{shlex.join(words)}\n".encode())
    read_until(terminal, "ready")
    os.write(terminal, b"\x1a")
    read_until(terminal, "Stopped")
    os.write(terminal, b"fg >/dev/null; echo code:$?; exit\n")
    seen = read_until(terminal)
    assert "done" in seen
    assert "code:0" in seen
    os.waitpid(process, 0)
    os.close(terminal)
