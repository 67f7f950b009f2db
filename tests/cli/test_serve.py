"""``sso-plugin serve``: what it prints, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run, start
from credentials_service import FOR_BOTO3, CredentialsService

from sso_plugin.cli import main

if TYPE_CHECKING:
    from world import World


BASH = shutil.which("bash") or "bash"


def test_it_serves_until_a_signal(world: World) -> None:
    """The variables are data, the line that it is ready is a message. The exit code is 0."""
    world.sign_in()
    with CredentialsService("--profile", "dev") as service:
        [ready] = service.said
        assert re.fullmatch(
            r'Serving the credentials of the profile "dev" at http://127\.0\.0\.1:\d+/credentials '
            r"\(process \d+\)\. Ctrl-C stops\.",
            ready,
        )
        folder = Path(service.token_file).parent
        port = service.url.split(":")[2].split("/")[0]
        assert folder == world.home / f".aws/sso-plugin/serve-{port}"
        assert service.variables["AWS_REGION"] == "eu-central-1"
        assert service.get()["AccessKeyId"].startswith("ASIA")
        assert service.stop() == 0
        assert not folder.exists()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_end_it_too(world: World, number: int) -> None:
    """Ctrl-C, and a terminal that is closed."""
    world.sign_in()
    with CredentialsService("--profile", "dev") as service:
        assert service.stop(number) == 0
        assert not Path(service.token_file).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_while_it_waits_for_the_portal(world: World) -> None:
    """Before it serves anything."""
    world.sign_in()
    with socket.create_server(("127.0.0.1", 0)) as portal:
        url = f"http://127.0.0.1:{portal.getsockname()[1]}"
        portal.settimeout(60)
        process = start("serve", "-p", "dev", AWS_ENDPOINT_URL_SSO=url)
        with portal.accept()[0]:
            process.send_signal(signal.SIGINT)
            output, error = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert error.endswith("sso-plugin: stopped\n")


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows has no service manager of this kind")
def test_the_service_manager_is_notified(world: World, tmp_path: Path) -> None:
    """When the endpoint is ready, and when it stops."""
    world.sign_in()
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(60)
        with CredentialsService("--profile", "dev", NOTIFY_SOCKET=path) as service:
            assert manager.recv(64) == b"READY=1"
            assert service.get()["AccessKeyId"]
            assert service.stop() == 0
            assert manager.recv(64) == b"STOPPING=1"


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["-p", "nothing"], 1, "The config profile (nothing) could not be found"),
        (["--account", "nowhere", "--role", "x"], 1, 'No account named "nowhere". Available: '),
        (["-p", "dev", "--token-file", "/nowhere/token"], 1, "the folder /nowhere does not exist"),
        (["-p", "dev", "--port", "0"], 2, "0 is not in the range 1<=x<=65535"),
        (["-p", "dev", "--format", "process"], 2, "'process' is not one of"),
        (["-p", "dev", "--format", "json", "--shell", "fish"], 2, "cannot be combined"),
    ],
)
def test_an_error_that_a_login_does_not_fix_ends_it(
    world: World, words: list[str], code: int, problem: str
) -> None:
    """Before anything is printed."""
    world.sign_in()
    done = run("serve", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert problem in done.stderr


def test_a_port_that_is_used_is_an_error(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It says to use another one."""
    world.sign_in()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert main(["serve", "-p", "dev", "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"sso-plugin: The port {port} is used by another program. Use another --port.\n"
    )


@pytest.mark.long
def test_a_shell_can_start_it_and_use_its_variables(world: World) -> None:
    """Its output ends when the variables are printed, so the shell does not wait for it."""
    world.sign_in()
    who = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = (
        f'eval "$("$PYTHON" -c "$ENTRY" serve {FOR_BOTO3} --account staging --region eu-west-1 '
        '--shell bash 2>"$LOG" & '
        'echo "SERVICE=$!")"; "$PYTHON" -c "$WHO"; kill "$SERVICE"; '
        'while [ -e "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" ]; do sleep 0.1; done; '
        'eval "$("$PYTHON" -c "$ENTRY" env --unset --shell bash)"; env'
    )
    done = subprocess.run(
        [BASH, "-c", script],
        env=environment(
            PYTHON=sys.executable,
            ENTRY=ENTRY,
            WHO=who,
            LOG=str(world.home / "log"),
            AWS_ACCESS_KEY_ID="AKIDOLD",
            AWS_SECRET_ACCESS_KEY="x",
        ),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    labels = ("SSO_PLUGIN_ACCOUNT", "SSO_PLUGIN_ROLE", "SSO_PLUGIN_UNDO")
    account, *after = done.stdout.splitlines()
    assert account == "222222222222"
    assert not [line for line in after if "/serve-" in line or line.startswith(labels)]
