"""Completion of values: which words are offered, and that nothing is printed or imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sso_plugin.cli import main
from sso_plugin.cli.app import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

CONFIG = """
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
[profile keys]
region = us-east-1
[profile prod]
sso_session = corp
sso_account_name = Production
sso_role_name = ReadOnly
"""


@pytest.fixture
def complete(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], dict[str, str]]:
    """Return a function that completes a line as fish does: the words with their descriptions."""
    world.configure(CONFIG)

    def complete(line: str) -> dict[str, str]:
        monkeypatch.setenv("_SSO_PLUGIN_COMPLETE", "fish_complete")
        monkeypatch.setenv("_SSO_PLUGIN_LINE", line)
        assert main([]) == 0
        printed = capfd.readouterr()
        assert printed.err == ""
        kind, *words = printed.out.splitlines()
        assert kind == "words"
        return {word: text for word, _, text in (each.partition("\t") for each in words)}

    return complete


def cache_accounts(world: World, **names: str) -> None:
    """Write the file in which the names of accounts are cached."""
    folder = world.home / ".aws/sso-plugin"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({"accounts": {key.lstrip("_"): name for key, name in names.items()}})
    (folder / "accounts-0123.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "login --profile ",
            {"dev": "Admin in 111111111111", "keys": "", "prod": "ReadOnly in Production"},
        ),
        (
            "login ",
            {
                "corp": "https://example.awsapps.com/start",
                "dev": "Admin in 111111111111",
                "prod": "ReadOnly in Production",
            },
        ),
        ("login -p d", {"dev": "Admin in 111111111111"}),
        ("login -p D", {"dev": "Admin in 111111111111"}),
        ("login --profile=d", {"--profile=dev": "Admin in 111111111111"}),
        ("status --sso-session ", {"corp": "https://example.awsapps.com/start"}),
        ("status --start-url ", {"https://example.awsapps.com/start": "eu-central-1"}),
        ("roles --account ", {"Production": "", "111111111111": ""}),
        ("roles --account pro", {"Production": ""}),
        ("configure --role ", {"Admin": "", "ReadOnly": ""}),
        ("configure --account 111111111111 --role ", {"Admin": ""}),
        ("configure --account 'PROD*' --role ", {"ReadOnly": ""}),
        ("configure --account 1111* --account prod* --role ", {"Admin": "", "ReadOnly": ""}),
        ("configure --account gone --role ", {"Admin": "", "ReadOnly": ""}),
        ("env --account production --role ", {"ReadOnly": ""}),
        ("configure --region eu-central-1", {"eu-central-1": "Europe (Frankfurt)"}),
        ("configure --region 'ml-*=eu-central-1", {"ml-*=eu-central-1": "Europe (Frankfurt)"}),
        ("configure --region=a=eu-central-1", {"--region=a=eu-central-1": "Europe (Frankfurt)"}),
        ("env --shell n", {"nushell": ""}),
        ("env --format env-", {"env-no-export": ""}),
        ("nothing --profile ", {}),
        ("console --destination dyn", {"dynamodbv2": "DynamoDB"}),
        ("login --flow d", {"device": ""}),
        ("A=1 B='2 3' login --flow d", {"device": ""}),
    ],
)
def test_values_are_completed(
    complete: Callable[[str], dict[str, str]], line: str, expected: dict[str, str]
) -> None:
    """With a description where there is one. Case does not matter."""
    words, _, last = line.rpartition("login --flow")
    line = f"{words}sso-plugin login --flow{last}" if words else f"sso-plugin {line}"
    assert complete(line) == expected


def test_cached_names_of_accounts_are_completed(
    world: World, complete: Callable[[str], dict[str, str]]
) -> None:
    """With their ids, which are completed too."""
    cache_accounts(world, _222222222222="staging")
    found = complete("sso-plugin roles --account ")
    assert found["staging"] == "222222222222"
    assert found["222222222222"] == "staging"


def test_names_with_control_characters_are_not_completed(
    world: World, complete: Callable[[str], dict[str, str]]
) -> None:
    """They would reach the terminal. In a description they are replaced."""
    cache_accounts(world, _222222222222="evil\x1b[2J")
    odd = "[profile \x1bodd]\n[profile even]\nsso_role_name = a\tb\nsso_account_id = \x1b1\n"
    world.configure(f"{CONFIG}{odd}")
    assert set(complete("sso-plugin roles --account ")) == {"Production", "111111111111", "\x1b1"}
    found = complete("sso-plugin whoami -p ")
    assert set(found) == {"dev", "even", "keys", "prod"}
    assert found["even"] == "a b in \ufffd1"


def test_only_the_names_of_an_sso_session_are_completed(
    world: World, complete: Callable[[str], dict[str, str]]
) -> None:
    """If it is given before."""
    other = "[profile other]\nsso_session = other\nsso_account_id = 3\nsso_role_name = Other\n"
    world.configure(f"{CONFIG}{other}")
    assert set(complete("sso-plugin whoami --sso-session other --account ")) == {"3"}
    assert set(complete("sso-plugin whoami --sso-session other --role ")) == {"Other"}


@pytest.mark.parametrize(
    ("begin", "expected"),
    [("a", "a\\ \\$b\\'"), ('"a', "a \\$b'"), ("'a", "a $b'")],
)
def test_bash_gets_a_name_quoted_as_the_user_began(
    complete: Callable[[str], dict[str, str]],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    begin: str,
    expected: str,
) -> None:
    """Bash adds the final quotation mark."""
    world.configure('[profile "a $b\'"]\n')
    monkeypatch.setenv("_SSO_PLUGIN_COMPLETE", "bash_complete")
    monkeypatch.setenv("_SSO_PLUGIN_LINE", f"sso-plugin whoami -p {begin}")
    assert main([]) == 0
    assert capfd.readouterr().out == f"words\n{expected}\n"


def test_commands_have_whole_descriptions(complete: Callable[[str], dict[str, str]]) -> None:
    """Commas and length do not matter."""
    assert (
        complete("sso-plugin ").items()
        >= {name: text for name, (_, text) in COMMANDS.items()}.items()
    )
    assert complete("sso-plugin store i")["init"] == (
        "Make a key for a store, and show what to do next."
    )
    assert complete("sso-plugin login --fo")["--force"] == "Log in even if the login is valid."


@pytest.mark.parametrize("text", ["[broken\n", "[profile a]\n[profile a]\n", "x = 1\n", "\x00"])
def test_an_invalid_config_completes_nothing(
    world: World, complete: Callable[[str], dict[str, str]], text: str
) -> None:
    """No error is printed while the user types."""
    world.configure(text)
    assert complete("sso-plugin login --profile ") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"accounts": [1]}', '{"accounts": {"1": 2}}'])
def test_a_damaged_cache_is_ignored(
    world: World, complete: Callable[[str], dict[str, str]], text: str
) -> None:
    """The names in the config are still completed."""
    cache_accounts(world)
    (world.home / ".aws/sso-plugin/accounts-0123.json").write_text(text, encoding="utf-8")
    assert complete("sso-plugin roles --account 1") == {"111111111111": ""}


def test_completion_imports_no_botocore(world: World) -> None:
    """It has to be fast. The options of every command are completed, and the values of some."""
    world.configure(CONFIG)
    lines = [
        f"sso-plugin {command} {last}"
        for command in (*COMMANDS, "store init")
        for last in ("-", "--profile ", "--account ", "--role ", "--region a=b --region ")
    ]
    code = (
        "import os, sys\n"
        "from sso_plugin.cli import main\n"
        f"for line in {lines}:\n"
        "    os.environ['_SSO_PLUGIN_LINE'] = line\n"
        "    assert main([]) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = world.run(code, _SSO_PLUGIN_COMPLETE="fish_complete")
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert {"botocore", "boto3", "rich", "wrapt", "filelock"} & loaded == set()
    assert "\n--debug\t" in done.stdout


@pytest.mark.long
def test_completion_makes_no_request(
    world: World, complete: Callable[[str], dict[str, str]]
) -> None:
    """Also with a login that could be used."""
    world.sign_in()
    for option in ("--profile", "--account", "--role", "--region"):
        complete(f"sso-plugin configure {option} ")
    assert len(list(world.emulator.requests)) == 0
