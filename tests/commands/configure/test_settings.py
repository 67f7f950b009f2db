"""The keys that each profile gets by ``--set``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import BY_HAND, edit, profiles_in, role, roles_are, write

from sso_plugin.commands.configure.settings import parse_setting, settings_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output=json", ("output", "json")),
        (" Output = json ", ("output", "json")),
        ("cli_pager=", ("cli_pager", "")),
        ("endpoint_url=https://x/?a=b", ("endpoint_url", "https://x/?a=b")),
        ("sso_token_cache=sealed", ("sso_token_cache", "sealed")),
    ],
)
def test_a_setting_is_a_key_and_a_value(text: str, expected: tuple[str, str]) -> None:
    """The value may be empty, and may have an equals sign."""
    assert parse_setting(text) == expected


@pytest.mark.parametrize(
    "key",
    [
        *("region", "sso_session", "sso_account_id", "SSO_ROLE_NAME", "credential_process"),
        *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "my_password"),
        *("role_arn", "source_profile", "sso_start_url", "web_identity_token_file"),
        *("[profile x]", "a b", "#a", "", "a\nb"),
    ],
)
def test_some_keys_cannot_be_set(key: str) -> None:
    """Those that the command writes itself, those of other credentials, and secrets."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the messages differ
        parse_setting(f"{key}=hush")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x85b", "\x1b[31m", "a\u2028b"])
def test_a_value_is_one_line(value: str) -> None:
    """It could add a section to the file."""
    with pytest.raises(ValueError, match='The value of "output" is not one line'):
        parse_setting(f"output={value}")


def test_the_last_value_of_a_key_counts() -> None:
    """As of an option that is not repeated."""
    assert settings_of(["output=json", "cli_pager=", "output=text"]) == {
        "output": "text",
        "cli_pager": "",
    }


def test_settings_are_written_and_updated(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the profile and in its process profile. Other text stays byte by byte."""
    roles_are(monkeypatch, role())
    write(credential_process=True)
    before = config_file.read_text()
    write(settings=("output=json", "cli_pager="))
    profiles = profiles_in(config_file)
    for name in ("a-R", "a-R-process"):
        assert (profiles[name]["output"], profiles[name]["cli_pager"]) == ("json", "")
    plan = write(settings=("cli_pager=less", "output=text"))
    assert plan.changed == ("a-R", "a-R-process")
    assert write(settings=("cli_pager=", "output=text")).changed == ("a-R", "a-R-process")
    text = config_file.read_text()
    assert text.count("cli_pager =\n") == 2
    lines = [each for each in text.splitlines() if not each.startswith(("# M", "output", "cli_p"))]
    assert lines == [each for each in before.splitlines() if not each.startswith("# M")]
    assert write().changed == ()
    assert text.startswith(BY_HAND)


def test_a_setting_that_the_user_changed_stays(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile stays managed: another setting and the region are updated."""
    roles_are(monkeypatch, role())
    write(settings=("output=json", "cli_pager="), region="eu-west-1")
    edit(config_file, "output = json\n", "output = yaml\n")
    plan = write(settings=("output=text", "cli_pager=less"), region="eu-west-2")
    assert plan.notes == ('The profile "a-R" keeps its output yaml, which was set by hand.',)
    assert plan.change.updated == {"a-R": {"cli_pager": "less", "region": "eu-west-2"}}
    assert write(settings=("output=text", "cli_pager=less"), region="eu-west-2").changed == ()
    edit(config_file, "region = eu-west-2\n", "region = eu-west-9\n")
    assert write(settings=("cli_pager=cat",), region="eu-west-2").change.updated == {
        "a-R": {"cli_pager": "cat"}
    }
    roles_are(monkeypatch)
    assert write(prune=True).removed == ()


def test_a_profile_whose_role_was_changed_is_the_users(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although its settings are as they were written."""
    roles_are(monkeypatch, role())
    write(settings=("output=json",))
    edit(config_file, "sso_account_id = 1\n", "sso_account_id = 7\n")
    before = config_file.read_bytes()
    plan = write(settings=("output=text",), template="{account_name}-{role_name}")
    assert plan.skipped == {"a-R": "it was written or changed by hand"}
    assert config_file.read_bytes() == before


def test_a_setting_does_not_keep_a_profile(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not an addition of the user, so --prune removes the profile."""
    before = config_file.read_bytes()
    roles_are(monkeypatch, role())
    write(settings=("output=json", "cli_pager="))
    roles_are(monkeypatch)
    assert write(prune=True).removed == ("a-R",)
    assert config_file.read_bytes().rstrip() == before.rstrip()
