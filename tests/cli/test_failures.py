"""Whatever goes wrong: one sentence that says what mends it, an exit code, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

import sso_plugin
from sso_plugin.api import logins
from sso_plugin.cli import main
from sso_plugin.cli.app import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

NOWHERE = "http://127.0.0.1:9"

HIDE = """
import sys

class Hide:
    @staticmethod
    def find_spec(name, *_):
        if name.partition(".")[0] in {"click", "rich"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

sys.meta_path.insert(0, Hide)
"""


def nothing(world: World) -> None:
    """Leave the world as it is: a profile, no token."""


def signed_in(world: World) -> None:
    world.sign_in()


def unconfigured(world: World) -> None:
    world.configure("")


def broken(world: World) -> None:
    world.configure("[broken\n")


def incomplete(world: World) -> None:
    world.configure("[profile dev]\nsso_session = corp\n[sso-session corp]\nsso_region = x\n")


def two_sessions(world: World) -> None:
    second = world.emulator.profile("other", session_name="second")
    world.configure(world.emulator.profile() + second)


def other_role(world: World) -> None:
    world.configure(world.emulator.profile(role_name="Auditor"))
    world.sign_in()


def revoked(world: World) -> None:
    world.sign_in(refreshToken=None)
    world.emulator.revoke("alice")


def expired(world: World) -> None:
    world.sign_in(expiresAt="2020-01-01T00:00:00Z", refreshToken=None)


LOGIN = "Run: sso-plugin login --profile dev"
NO_PROFILE = (
    "The config profile (gone) could not be found. "
    "Choose one with --profile, or add it to the AWS config file."
)
NO_TOKEN = f'The profile "dev" needs a login: there is no token in {{token}}. {LOGIN}'
TWO = "Name one login: give a profile, or an sso-session, or a start URL together with its region."
CHECK = "Check the network and its proxies, or run: sso-plugin doctor"
NO_ACCESS = (
    'The profile "dev" asks for the role Auditor in the account 111111111111, which this user '
    "does not have. Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess."
)

PATHS: list[tuple[str, Callable[[World], None], int, str]] = [
    # words, what is the matter, exit code, part of the sentence
    ("", nothing, 2, "Missing command. See: sso-plugin --help"),
    ("blah", nothing, 2, "No such command 'blah'. See: sso-plugin --help"),
    ("login --blah", nothing, 2, "No such option"),
    ("login --flow pigeon", nothing, 2, "Invalid value for '--flow': 'pigeon' is not one of"),
    ("login --profile", nothing, 2, "Option '--profile' requires an argument."),
    ("login extra", nothing, 2, "Got unexpected extra argument (extra)"),
    ("credential-process --profile", nothing, 2, "Option '--profile' requires an argument."),
    ("env --shell csh", nothing, 2, "Invalid value for '--shell': 'csh' is not one of"),
    (
        "logout --all --profile dev",
        nothing,
        2,
        "--all cannot be combined with an option that names a login.",
    ),
    ("login --profile gone", nothing, 1, NO_PROFILE),
    ("login --profile dev --sso-session corp", nothing, 1, TWO),
    ("login --sso-session gone", nothing, 1, 'The specified sso-session does not exist: "gone"'),
    ("login", two_sessions, 1, "Or choose one of its sso-sessions: corp, second."),
    ("login", unconfigured, 1, 'The profile "default" has no SSO configuration in {config}: add'),
    ("login", broken, 1, "Unable to parse config file: {config}. Edit line 1 of that file."),
    ("login --profile dev", incomplete, 1, "missing required configuration: sso_start_url. Add"),
    ("logout --profile gone", nothing, 1, NO_PROFILE),
    ("status --profile gone", nothing, 3, NO_PROFILE),
    ("status", broken, 3, "Unable to parse config file: {config}. Edit line 1 of that file."),
    ("accounts --profile dev", nothing, 1, NO_TOKEN),
    ("accounts --profile dev", expired, 1, f"expired at 2020-01-01T00:00:00Z. {LOGIN}"),
    ("accounts --profile dev", revoked, 1, LOGIN),
    ("accounts --profile gone", nothing, 1, NO_PROFILE),
    ("roles --profile dev", nothing, 1, NO_TOKEN),
    ("roles --account Nowhere", signed_in, 1, "Set account to one of: "),
    ("whoami --profile dev", nothing, 1, NO_TOKEN),
    ("whoami --profile dev", other_role, 1, NO_ACCESS),
    ("whoami", unconfigured, 1, "Name a profile that has some with --profile, or in AWS_PROFILE."),
    ("env --profile dev", nothing, 1, NO_TOKEN),
    ("env --profile dev", other_role, 1, NO_ACCESS),
    ("credential-process --profile dev", nothing, 1, NO_TOKEN),
    ("credential-process --profile dev", other_role, 1, NO_ACCESS),
    (
        "credential-process --profile dev",
        broken,
        1,
        "Unable to parse config file: {config}. Edit line 1 of that file.",
    ),
    ("completion", nothing, 2, "Missing argument"),
]


@pytest.mark.parametrize(
    ("words", "prepare", "code", "told"),
    PATHS,
    ids=[f"{words or 'nothing'}, {prepare.__name__}" for words, prepare, _, _ in PATHS],
)
def test_a_failure_is_one_sentence(
    world: World,
    capfd: pytest.CaptureFixture[str],
    words: str,
    prepare: Callable[[World], None],
    code: int,
    told: str,
) -> None:
    """On standard error, with the name of the command; nothing on standard output."""
    prepare(world)
    returned = main(words.split())
    printed = capfd.readouterr()
    assert (returned, printed.out) == (code, "")
    assert printed.err.startswith("sso-plugin: ")
    assert printed.err.count("\n") == 1
    assert told.format(token=world.token_file(), config=world.config_file) in printed.err


@pytest.mark.parametrize(
    ("words", "service"),
    [
        ("login --profile dev", "SSO_OIDC"),
        ("accounts --profile dev", "SSO"),
        ("roles --profile dev", "SSO"),
        ("env --profile dev", "SSO"),
        ("whoami --profile dev", "SSO"),
        ("credential-process --profile dev", "SSO"),
    ],
)
def test_a_portal_that_is_not_there_is_named(world: World, words: str, service: str) -> None:
    """With the address that was tried."""
    if service == "SSO":
        world.sign_in()
    done = run(*words.split(), **{f"AWS_ENDPOINT_URL_{service}": NOWHERE})
    assert (done.returncode, done.stdout) == (1, "")
    told = done.stderr.splitlines()[-1]
    assert told.startswith('sso-plugin: The profile "dev" cannot reach Identity Center (')
    assert NOWHERE in told
    assert told.endswith("Run: sso-plugin doctor --profile dev")


def test_an_sts_that_is_not_there_is_named(world: World) -> None:
    """It is none of ours, and fails the same way."""
    world.sign_in()
    done = run("whoami", "--profile", "dev", AWS_ENDPOINT_URL_STS=NOWHERE, AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f'endpoint URL: "{NOWHERE}/". {CHECK}\n')


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="nothing is full on this system")  # noqa: PTH110
@pytest.mark.parametrize("buffer", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("words", "code"),
    [("status", 3), ("credential-process --profile dev", 1), ("credential-process -p dev --", 1)],
)
def test_a_full_disk_is_a_failure(world: World, words: str, code: int, buffer: str) -> None:
    """Whoever redirected the output has to know."""
    world.sign_in()
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, *words.split()],
            env=environment(PYTHONUNBUFFERED=buffer),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (code, "sso-plugin: No space left on device\n")


@pytest.mark.parametrize("buffer", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_goes_away_hears_no_more(world: World, buffer: str) -> None:
    """As in ``sso-plugin roles | head -1``."""
    world.sign_in()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, "status"],
        env=environment(PYTHONUNBUFFERED=buffer),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


class TestDebug:
    """``--debug`` says where it happened, and nothing that is secret."""

    @pytest.mark.parametrize("words", ["--debug whoami", "whoami --debug"])
    def test_it_shows_the_whole_chain(self, world: World, words: str) -> None:
        """Before or after the command; where, not with what."""
        other_role(world)
        done = run(*words.split(), "--profile", "dev")
        assert done.returncode == 1
        lines = done.stderr.splitlines()
        kinds = [line.partition(":")[0] for line in lines if not line.startswith(("  ", "sso-"))]
        assert kinds == [
            "botocore.exceptions.ClientError",
            "sso_plugin.errors.PortalRefusal",
            "sso_plugin.errors.NoAccess",
        ]
        assert any("portal/client.py:" in line for line in lines)
        assert lines[-1] == f"sso-plugin: {NO_ACCESS}"

    def test_what_nobody_expected_is_named_by_its_kind(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its message may hold anything, so it is shown to nobody."""

        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret")

        monkeypatch.setattr(logins, "status", fail)
        assert main(["status"]) == 3
        assert capsys.readouterr().err == (
            "sso-plugin: ZeroDivisionError: this was not expected. "
            "Add --debug to see where it happened.\n"
        )
        assert main(["status", "--debug"]) == 3
        told = capsys.readouterr().err
        assert f"{__file__}:" in told
        assert "secret" not in told


class TestSecrets:
    """Nothing shows one, but what is asked for one."""

    @pytest.mark.parametrize(
        "words",
        [
            "status --debug",
            "status --json",
            "login --debug",
            "accounts --debug",
            "roles --json --debug",
            "whoami --debug",
            "--debug credential-process",
            "env --debug",
            "logout --debug",
        ],
    )
    def test_no_output_holds_one(self, world: World, words: str) -> None:
        """Not even while everything is told."""
        token = world.sign_in()
        given = json.loads(run("credential-process", "--profile", "dev").stdout)
        done = run(*words.split(), AWS_PROFILE="dev")
        assert done.returncode == 0
        secrets = [
            token.access_token,
            token.refresh_token,
            token.client_secret,
            given["SecretAccessKey"],
            given["SessionToken"],
        ]
        told = (
            done.stderr
            if words.split(maxsplit=1)[0] in ("env", "--debug")
            else done.stdout + done.stderr
        )
        assert [each for each in secrets if str(each) in told] == []

    @pytest.mark.parametrize("operation", ["CreateToken", "GetRoleCredentials", "ListAccounts"])
    def test_no_failure_holds_one(self, world: World, operation: str) -> None:
        """Whatever the portal answers."""
        token = world.sign_in(expiresAt="2020-01-01T00:00:00Z")
        world.emulator.faults.add(operation, status=500, times=9)
        for words in (["accounts"], ["env", "--profile", "dev"]):
            done = run("--debug", *words)
            assert str(token.access_token) not in done.stdout + done.stderr
            assert str(token.refresh_token) not in done.stdout + done.stderr


class TestWithoutTheExtra:
    """A plain ``pip install sso-plugin``, without click and rich."""

    @pytest.fixture
    def bare(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment in which they cannot be imported."""
        (tmp_path / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
        return {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    @pytest.mark.parametrize("words", [*COMMANDS, "--help", ""])
    def test_a_command_says_what_to_install(
        self, world: World, bare: dict[str, str], words: str
    ) -> None:
        """In one line, code 2."""
        done = run(*words.split(), **bare)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "sso-plugin: this needs a few packages more. Run: pip install 'sso-plugin[cli]' "
            "(without them there is: sso-plugin credential-process --profile NAME)\n"
        )

    def test_half_of_the_extra_is_none(self, world: World, tmp_path: Path) -> None:
        """The same line, whichever of it is missing."""
        hide = HIDE.replace('{"click", "rich"}', '{"rich"}')
        (tmp_path / "sitecustomize.py").write_text(hide, encoding="utf-8")
        world.sign_in()
        done = run("login", PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
        assert (done.returncode, done.stdout) == (2, "")
        assert "Run: pip install 'sso-plugin[cli]'" in done.stderr
        assert "Traceback" not in done.stderr

    def test_the_version_is_known(self, world: World, bare: dict[str, str]) -> None:
        """As ever."""
        done = run("--version", **bare)
        assert (done.returncode, done.stdout) == (0, f"sso-plugin {sso_plugin.__version__}\n")

    def test_credential_process_works(self, world: World, bare: dict[str, str]) -> None:
        """Cold, warm, and when it fails."""
        world.sign_in()
        for _ in range(2):
            done = run("credential-process", "--profile", "dev", **bare)
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["Version"] == 1
        done = run("credential-process", "--profile", "gone", **bare)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"sso-plugin: {NO_PROFILE}\n"
