"""Names of profiles, made with a template."""

from __future__ import annotations

import pytest
from configure_support import role

from sso_plugin.commands.configure.profile_names import NameTemplate


@pytest.mark.parametrize(
    ("account_name", "expected"),
    [
        ("Prod & Co (EU)", "Prod-Co-EU-R"),
        ("Zürich", "Zurich-R"),
        ("a]b\n[c", "a-b-c-R"),
        ("日本", "000-R"),
        ("", "000-R"),
    ],
)
def test_profile_names_need_no_quotes(account_name: str, expected: str) -> None:
    """A user can type them in a shell, for all names of accounts."""
    [name] = NameTemplate.of("{account_name}-{role_name}").names(
        [role(account_name, account_id="000")], "corp"
    )
    assert name == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{account}", 'there is no field "account"'),
        ("{account_name.__class__}", "there is no field"),
        ("{account_name!r}", "there is no field"),
        ("{role_name:>99}", "there is no field"),
        ("{", "Single"),
        ("{0}", 'there is no field "0"'),
        ("{role_name} x", 'a profile name cannot contain " x"'),
        ("{role_name}]", 'a profile name cannot contain "]"'),
        ("", 'the name ""'),
        ("default", 'the name "default"'),
    ],
)
def test_an_invalid_template_is_refused(template: str, reason: str) -> None:
    """The message has the reason."""
    with pytest.raises(ValueError, match="is not a valid template: ") as caught:
        NameTemplate.of(template).names([role()], "corp")
    assert reason in str(caught.value)


def test_a_name_that_contains_a_reserved_name_is_valid() -> None:
    """Only the whole name cannot be default."""
    assert list(NameTemplate.of("de{sso_session}fault").names([role()], "x")) == ["dexfault"]
