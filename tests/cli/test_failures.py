"""Failures of commands: one sentence with a fix, an exit code, no traceback, no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import ENTRY, environment, run

from sso_plugin.api import logins
from sso_plugin.cli import main
from sso_plugin.commands.credential_process import process_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World


def nothing(world: World) -> None:
    """Change nothing: there is a profile and no token."""


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


NO_TOKEN = f'The profile "dev" needs a login: it has no access token. {LOGIN}'


TWO = "Use a profile, or an sso-session, or a start URL and its region."


NO_ACCESS = (
    'The profile "dev" asks for the role Auditor in the account 111111111111, which this user '
    "does not have. Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess."
)


PATHS: list[tuple[str, Callable[[World], None], int, str]] = [
    # arguments, what is wrong, exit code, part of the message
    ("blah", nothing, 2, "No such command 'blah'. See: sso-plugin --help"),
    (
        "statsu",
        nothing,
        2,
        "No such command 'statsu'. Did you mean: status? See: sso-plugin --help",
    ),
    ("status --profle dev", nothing, 2, "No such option '--profle'. Did you mean: --profile? See"),
    ("status --al", nothing, 2, "No such option '--al'. Did you mean: --all, --help? See: sso-plu"),
    ("login --blah", nothing, 2, "No such option"),
    ("login --flow pigeon", nothing, 2, "Invalid value for '--flow': 'pigeon' is not one of"),
    ("login --profile", nothing, 2, "Option '--profile' requires an argument."),
    ("login dev extra", nothing, 2, "Got unexpected extra argument (extra)"),
    ("login dev --profile dev", nothing, 2, "NAME cannot be combined with an option that names"),
    ("login dve", nothing, 1, 'no profile or sso-session "dve" in {config}. Did you mean: dev?'),
    ("status gone", nothing, 3, 'sso-session "gone" in {config}. Available: corp, dev.'),
    ("status --all dev", nothing, 2, "--all cannot be combined with NAME or an option that names"),
    ("whoami --profile dve", nothing, 1, "(dve) could not be found. Did you mean: dev?"),
    ("login --sso-session crop", nothing, 1, 'exist: "crop". Did you mean: corp? Add a section'),
    ("credential-process --profile", nothing, 2, "Option '--profile' requires an argument."),
    ("env --shell csh", nothing, 2, "Invalid value for '--shell': 'csh' is not one of"),
    (
        "logout --all --profile dev",
        nothing,
        2,
        "--all cannot be combined with NAME or an option that names a login.",
    ),
    ("login --profile gone", nothing, 1, NO_PROFILE),
    ("login --profile dev --sso-session corp", nothing, 1, TWO),
    ("login --sso-session gone", nothing, 1, 'The specified sso-session does not exist: "gone"'),
    (
        "login",
        two_sessions,
        1,
        "Add --sso-session (in Python: sso_session), with one of: corp, second.",
    ),
    ("login", unconfigured, 1, 'The profile "default" has no SSO configuration in {config}. '),
    ("login", broken, 1, "Unable to parse config file: {config}. Edit line 1 of that file."),
    ("login --profile dev", incomplete, 1, "missing required configuration: sso_start_url. Add"),
    ("logout --profile gone", nothing, 1, NO_PROFILE),
    ("status --profile gone", nothing, 3, NO_PROFILE),
    ("status", broken, 3, "Unable to parse config file: {config}. Edit line 1 of that file."),
    ("accounts --profile dev", nothing, 1, NO_TOKEN),
    ("accounts --profile dev", expired, 1, f"expired at 2020-01-01 00:00 UTC. {LOGIN}"),
    ("accounts --profile dev", revoked, 1, LOGIN),
    ("accounts --profile gone", nothing, 1, NO_PROFILE),
    ("roles --profile dev", nothing, 1, NO_TOKEN),
    ("roles --account Nowhere", signed_in, 1, "Available: "),
    ("whoami --profile dev", nothing, 1, NO_TOKEN),
    ("whoami --profile dev", other_role, 1, NO_ACCESS),
    ("whoami", unconfigured, 1, "Choose a profile with credentials: use --profile or AWS_PROFILE."),
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


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("words", "prepare", "code", "message"),
    PATHS,
    ids=[f"{words or 'nothing'}, {prepare.__name__}" for words, prepare, _, _ in PATHS],
)
def test_a_failure_is_one_sentence(
    world: World,
    capfd: pytest.CaptureFixture[str],
    words: str,
    prepare: Callable[[World], None],
    code: int,
    message: str,
) -> None:
    """On standard error, with the name of the command; nothing on standard output."""
    prepare(world)
    returned = main(words.split())
    printed = capfd.readouterr()
    assert (returned, printed.out) == (code, "")
    assert printed.err.startswith("sso-plugin: ")
    assert printed.err.count("\n") == 1
    assert message.format(config=world.config_file) in printed.err


@pytest.mark.long
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="nothing is full on this system")  # noqa: PTH110
@pytest.mark.parametrize("buffer", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    ("words", "code"),
    [("status", 3), ("credential-process --profile dev", 1), ("credential-process -p dev --", 1)],
)
def test_a_full_disk_is_a_failure(world: World, words: str, code: int, buffer: str) -> None:
    """The exit code and the message report it."""
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


@pytest.mark.long
@pytest.mark.parametrize("buffer", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_closed_pipe_ends_the_command_without_a_message(world: World, buffer: str) -> None:
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
    """``--debug`` shows where an error was raised, and no secret."""

    @pytest.mark.long
    @pytest.mark.parametrize("words", ["--debug whoami", "whoami --debug"])
    def test_debug_shows_the_chain_of_errors(self, world: World, words: str) -> None:
        """Before or after the command; names and lines, no values."""
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

    def test_an_unexpected_error_is_reported_by_its_class(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its message may contain a secret, so it is not printed."""

        def fail(*_: object, **__: object) -> None:
            try:
                int("secret")
            except ValueError:
                # An error that is hidden on purpose.
                raise ZeroDivisionError("secret") from None

        monkeypatch.setattr(logins, "status", fail)
        assert main(["status"]) == 3
        assert capsys.readouterr().err == (
            "sso-plugin: ZeroDivisionError: unexpected error. "
            "Add --debug to see where it happened.\n"
        )
        assert main(["status", "--debug"]) == 3
        message = capsys.readouterr().err
        assert f"{__file__}:" in message
        assert "secret" not in message
        assert "ValueError" not in message


class TestSecrets:
    """Only commands that print credentials print secrets."""

    @pytest.mark.one_quick_case
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
    def test_no_output_contains_a_secret(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        words: str,
    ) -> None:
        """Not even with --debug."""
        token = world.sign_in()
        given = process_document("dev")
        monkeypatch.setenv("AWS_PROFILE", "dev")
        assert main(words.split()) == 0
        printed = capfd.readouterr()
        secrets = [
            token.access_token,
            token.refresh_token,
            token.client_secret,
            given["SecretAccessKey"],
            given["SessionToken"],
        ]
        prints_credentials = words in ("--debug credential-process", "env --debug")
        text = printed.err if prints_credentials else printed.out + printed.err
        assert [each for each in secrets if str(each) in text] == []

    @pytest.mark.long
    @pytest.mark.parametrize(
        "operation",
        ["CreateToken", "GetRoleCredentials", pytest.param("ListAccounts", marks=pytest.mark.long)],
    )
    def test_no_error_contains_a_secret(
        self, world: World, capfd: pytest.CaptureFixture[str], operation: str
    ) -> None:
        """For each request that can fail."""
        token = world.sign_in(expiresAt="2020-01-01T00:00:00Z")
        world.emulator.faults.add(operation, status=500, times=9)
        for words in (["accounts"], ["env", "--profile", "dev"]):
            main(["--debug", *words])
            printed = capfd.readouterr()
            assert printed.err
            assert str(token.access_token) not in printed.out + printed.err
            assert str(token.refresh_token) not in printed.out + printed.err
