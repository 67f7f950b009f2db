"""The first `sso-plugin configure`, from an empty home directory to a profile that works."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from browsers import browser
from command import ENTRY, Terminal, run
from configure_support import PROFILES, profiles_in
from packaging_support import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

URL = "https://example.awsapps.com/start"
BY_BROWSER = ("configure", "--flow", "browser")

PICKER = 4
"""Which of the answers is given in the list of roles."""

NO_NETWORK: dict[str, Any] = {"HTTPS_PROXY": "http://127.0.0.1:9"}
"""The portal of the example cannot be asked for its region."""

ANSWERS = (
    ("Start URL: $", "example.awsapps.com\n"),
    (r"Region of Identity Center.*: $", "eu-central-1\n"),
    (r"Name of the sso-session \[example\]: $", "corp\n"),
    (r'Region of the profiles, or "none" \[eu-central-1\]: $', "\n"),
    (r"0 of 4 chosen, 4 shown", "prod read\t\r"),
    (r"Write these changes\? \[y/N\]: $", "y\n"),
)
"""What is shown in turn, and the answers of a person."""


@pytest.fixture(autouse=True)
def _empty_home(world: World) -> None:
    """Let the user have no config. The portal answers polls at once."""
    world.config_file.unlink()
    world.config_file.parent.rmdir()
    world.emulator.settings.poll_interval = 0


def leftovers(world: World) -> list[str]:
    """Return the files of the user, except for empty ones."""
    return sorted(
        each.name for each in world.home.rglob("*") if each.stat().st_size and each.is_file()
    )


def answer(terminal: Terminal, *answers: tuple[str, str]) -> None:
    for pattern, keys in answers:
        terminal.read_until(pattern)
        terminal.press(keys)


@pytest.mark.long
def test_a_newcomer_gets_a_working_profile_by_one_command(world: World, tmp_path: Path) -> None:
    """After an installation into another environment, in a terminal, with a browser."""
    installed = Environment.create(tmp_path / "venv")
    installed.add_dependencies()
    installed.add_plugin()
    program = (str(installed.python), "-c", ENTRY)
    changes = {"PYTHONPATH": "", "BROWSER": browser(world, tmp_path), **NO_NETWORK}
    with Terminal(*BY_BROWSER, program=program, stdout=None, columns=100, **changes) as terminal:
        answer(terminal, *ANSWERS)
        assert terminal.finish() == 0
    assert terminal.lines[-2:] == [
        "To see that it works, run: sso-plugin whoami --profile production-ReadOnlyAccess",
        "To use it in a script, run: AWS_PROFILE=production-ReadOnlyAccess python your_script.py",
    ]
    assert profiles_in(world.config_file)["production-ReadOnlyAccess"]["region"] == "eu-central-1"
    done = run("whoami", "--profile", "production-ReadOnlyAccess")
    assert "assumed-role/AWSReservedSSO_ReadOnlyAccess" in done.stdout


@pytest.mark.long
def test_a_device_login_works_too(world: World) -> None:
    """With the options of ``login``."""
    words = ("configure", "--flow", "device", "--no-browser", "--no-qr")
    with Terminal(*words, columns=100, stdout=None, **NO_NETWORK) as terminal:
        answer(terminal, *ANSWERS[:3])
        code = terminal.read_until(r"enter the code (\w{4}-\w{4})")[1]
        world.emulator.approve(code, "alice")
        answer(terminal, *ANSWERS[3:])
        assert terminal.finish() == 0
    assert list(profiles_in(world.config_file)) == ["production-ReadOnlyAccess"]


def test_answers_can_come_from_a_pipe(world: World, tmp_path: Path) -> None:
    """One line for each question. Questions are on standard error."""
    text = "example.awsapps.com\neu-central-1\n\nnone\nprod*\ny\n"
    value = browser(world, tmp_path)
    done = run(*BY_BROWSER, text=text, BROWSER=value, **NO_NETWORK)
    assert done.returncode == 0
    assert "Start URL: example.awsapps.com\n" in done.stderr
    assert "Roles [all]: prod*\n" in done.stderr
    assert (
        "To use a browser on another machine: sso-plugin configure --sso-session example "
        f"--start-url {URL} --sso-region eu-central-1 --flow device\n"
    ) in done.stderr
    assert f"Profiles in {world.config_file}:\n" in done.stderr
    assert done.stdout == ""
    profiles = profiles_in(world.config_file)
    assert list(profiles) == ["production-AdministratorAccess", "production-ReadOnlyAccess"]
    assert "region" not in profiles["production-ReadOnlyAccess"]
    assert run("whoami", "--profile", "production-ReadOnlyAccess").returncode == 0


@pytest.mark.long
def test_what_an_option_says_is_not_asked(world: World, tmp_path: Path) -> None:
    """Neither the roles nor their region."""
    options = ("--account", "prod*", "--region", "eu-west-1", "--start-url", URL)
    text = "eu-central-1\n\ny\n"
    done = run(*BY_BROWSER, *options, text=text, BROWSER=browser(world, tmp_path), **NO_NETWORK)
    assert done.returncode == 0
    assert "Roles" not in done.stderr
    profiles = profiles_in(world.config_file)
    assert {name: each["region"] for name, each in profiles.items()} == {
        "production-AdministratorAccess": "eu-west-1",
        "production-ReadOnlyAccess": "eu-west-1",
    }


@pytest.mark.long
def test_options_answer_all_questions(world: World, tmp_path: Path) -> None:
    """With --yes nothing is asked: the name has a default, and all roles get a profile."""
    words = (*BY_BROWSER, "--sso-region", "eu-central-1", "--yes", "--start-url")
    done = run(*words, URL, BROWSER=browser(world, tmp_path))
    assert "[y/N]" not in done.stderr
    assert (done.returncode, sorted(profiles_in(world.config_file))) == (0, PROFILES)


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "words", "label", "options"),
    [
        ("", (), "Start URL", "--start-url URL --sso-region REGION --yes"),
        ("", ("--start-url", URL), "Region of Identity Center", "--sso-region REGION --yes"),
        (
            "",
            ("--start-url", URL, "--sso-region", "eu-central-1"),
            "Name of the sso-session",
            "--yes",
        ),
        (f"{URL}\n", (), "Region of Identity Center", "--sso-region REGION --yes"),
    ],
)
def test_a_missing_answer_is_a_usage_error(
    world: World, text: str, words: tuple[str, ...], label: str, options: str
) -> None:
    """It names the options to add."""
    done = run("configure", *words, text=text, **NO_NETWORK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f'sso-plugin: Nothing was written: standard input has no answer to "{label}". Run this '
        f"command in a terminal, or add {options}. See: sso-plugin configure --help"
    )
    assert leftovers(world) == []


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_ctrl_c_leaves_nothing_behind(world: World, tmp_path: Path, number: int) -> None:
    """At each question: no config, and no login, which is ended at the portal."""
    changes = {"BROWSER": browser(world, tmp_path), **NO_NETWORK}
    with Terminal(*BY_BROWSER, columns=100, stdout=None, **changes) as terminal:
        answer(terminal, *ANSWERS[:number])
        terminal.read_until(ANSWERS[number][0])
        terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert terminal.lines[-1] == "sso-plugin: stopped"
    if number != PICKER:
        assert terminal.lines[-2].endswith(": ^C")
    assert [name for name in leftovers(world) if not name.startswith("budget-")] == []
    assert world.count("Logout") == (number > 2)


@pytest.mark.long
def test_ctrl_c_during_the_login_leaves_no_token(world: World) -> None:
    """Only the registration of the program stays, as after ``login``."""
    words = ("configure", "--flow", "device", "--no-browser", "--no-qr")
    with Terminal(*words, **NO_NETWORK) as terminal:
        answer(terminal, *ANSWERS[:3])
        terminal.read_until("Waiting for the approval")
        terminal.press_ctrl_c()
        assert terminal.finish() == 130
    assert terminal.lines[-1] == "sso-plugin: stopped"
    texts = [json.loads(file.read_text()) for file in world.home.rglob("*.json")]
    assert [text for text in texts if "accessToken" in text] == []
    assert not world.config_file.exists()


@pytest.mark.long
def test_no_to_the_last_question_ends_the_login(world: World, tmp_path: Path) -> None:
    """Nothing in the config file would use it."""
    changes = {"BROWSER": browser(world, tmp_path), **NO_NETWORK}
    with Terminal(*BY_BROWSER, columns=100, stdout=None, **changes) as terminal:
        answer(terminal, *ANSWERS[:-1], (ANSWERS[-1][0], "n\n"))
        assert terminal.finish() == 1
    assert terminal.lines[-1] == "Nothing was written."
    assert [name for name in leftovers(world) if not name.startswith("budget-")] == []


@pytest.mark.long
def test_an_answer_that_is_missing_ends_the_login(world: World, tmp_path: Path) -> None:
    """As "no" does. A login that existed before stays: here one of a run that only looked."""
    words, value = (*BY_BROWSER, "--start-url", URL, "--sso-region", "eu-central-1"), "example\n\n"
    stopped = run(*words, text=value, BROWSER=browser(world, tmp_path))
    assert 'no answer to "Roles"' in stopped.stderr
    assert (stopped.returncode, world.count("Logout")) == (2, 1)
    looked = run(*words, "--dry-run", BROWSER=browser(world, tmp_path))
    assert (looked.returncode, world.config_file.exists()) == (0, False)
    assert run(*words, text=value).returncode == 2
    assert (world.count("Logout"), world.token_file("example").exists()) == (1, True)


@pytest.mark.long
def test_a_signal_ends_the_login_while_roles_are_picked(world: World, tmp_path: Path) -> None:
    """As Ctrl-C does."""
    changes = {"BROWSER": browser(world, tmp_path), **NO_NETWORK}
    with Terminal(*BY_BROWSER, columns=100, stdout=None, **changes) as terminal:
        answer(terminal, *ANSWERS[:PICKER])
        terminal.read_until(ANSWERS[PICKER][0])
        terminal.send_signal(signal.SIGTERM)
        assert terminal.finish() == 128 + signal.SIGTERM
    assert [name for name in leftovers(world) if not name.startswith("budget-")] == []
    assert world.count("Logout") == 1


@pytest.mark.long
def test_a_wrong_answer_is_asked_again(world: World) -> None:
    """With a sentence that says what is wrong."""
    with Terminal("configure", columns=200, stdout=None, **NO_NETWORK) as terminal:
        answer(
            terminal,
            ("Start URL: $", "http://corp.awsapps.com\n"),
            (r"it has to begin with https://.*\nStart URL: $", "\n"),
            (r"An answer is required\. Ctrl-C stops\.\nStart URL: $", f"{URL}\n"),
            (r"Region of Identity Center.*: $", "Frankfurt\n"),
            (r'"Frankfurt" is not a valid region\. .*\nRegion of Identity', "\x04"),
        )
        assert terminal.finish() == 130
    assert leftovers(world) == []


@pytest.mark.long
def test_the_way_of_a_login_is_used_for_a_known_sso_session_too(
    world: World, tmp_path: Path
) -> None:
    """Nothing is asked."""
    world.config_file.parent.mkdir()
    world.configure(world.emulator.profile())
    done = run(*BY_BROWSER, "--yes", BROWSER=browser(world, tmp_path))
    assert done.returncode == 0
    assert "Opening your browser." in done.stderr
    assert "Start URL" not in done.stderr
    assert "To see that it works" not in done.stderr
    assert len(profiles_in(world.config_file)) == 5


@pytest.mark.long
def test_one_of_several_sso_sessions_is_asked(world: World) -> None:
    """A script has to name it. The question and the error list them."""
    world.config_file.parent.mkdir()
    world.configure(world.emulator.profile() + "[sso-session other]\n")
    world.sign_in()
    done = run("configure", "--yes")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        'sso-plugin: Nothing was written: standard input has no answer to "Which sso-session '
        '(corp, other)". Run this command in a terminal, or add --sso-session NAME --yes. See: '
        "sso-plugin configure --help",
    )
    with Terminal("configure", "--yes", columns=200) as terminal:
        answer(
            terminal,
            (r"Which sso-session \(corp, other\): $", "corb\n"),
            (r'There is no sso-session "corb" .*\nWhich sso-session \(corp, other\): $', "corp\n"),
        )
        assert terminal.finish() == 0
    assert len(profiles_in(world.config_file)) == 5


@pytest.mark.long
def test_a_login_that_fails_is_asked_again_by_the_same_command(
    world: World, tmp_path: Path
) -> None:
    """No other command knows this login."""
    words = (*BY_BROWSER, "--start-url", "d-1234567890", "--sso-region", "eu-central-1", "--yes")
    done = run(*words, BROWSER=browser(world, tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "Run: sso-plugin configure --sso-session sso --start-url "
        "https://d-1234567890.awsapps.com/start --sso-region eu-central-1"
    )
    assert not world.config_file.exists()


@pytest.mark.long
def test_nothing_is_asked_if_the_questions_cannot_be_seen(world: World, tmp_path: Path) -> None:
    """Standard input is a terminal, and standard error is not."""
    errors = tmp_path / "errors"
    program = ("/bin/sh", "-c", 'exec "$0" -c "$1" configure 2> "$2"', sys.executable, ENTRY)
    with Terminal(str(errors), program=program) as terminal:
        assert terminal.finish() == 2
    assert 'standard input has no answer to "Start URL"' in errors.read_text()
