"""Our comment in a managed profile."""

from __future__ import annotations

import pytest

from sso_plugin.commands.configure.profile_comment import ProfileComment

ROLE = {"sso_session": "corp", "sso_account_id": "1", "sso_role_name": "R"}


def test_a_comment_without_settings_is_that_of_earlier_versions() -> None:
    """So profiles that they wrote stay managed."""
    role = {"sso_account_id": "111111111111", "sso_role_name": "AdministratorAccess"}
    values = {"sso_session": "corp", **role, "region": "eu-central-1"}
    assert ProfileComment.of("production-AdministratorAccess", values).line == (
        "# Managed by sso-plugin configure. Keys and comments that you add are kept: "
        "0fdba9920eb14962"
    )


@pytest.mark.parametrize("values", [ROLE, {"credential_process": "x", "output": "json"}])
def test_what_was_written_is_read(values: dict[str, str]) -> None:
    """With the digest of each key that was set."""
    values = {**values, "region": "eu-west-1", "cli_pager": "", "a": "b"}
    comment = ProfileComment.of("a-R", values)
    read = ProfileComment.read(f"{comment.line}\r\n")
    assert read == comment
    assert comment.unchanged_keys("a-R", values) == values.keys()
    assert comment.unchanged_keys("other", values) == frozenset()


@pytest.mark.parametrize(
    ("changed", "unchanged"),
    [
        ({"cli_pager": "less"}, {*ROLE, "region", "output"}),
        ({"region": "eu-west-2", "output": "text"}, {"cli_pager"}),
        ({"sso_role_name": "S"}, {"output", "cli_pager"}),
    ],
)
def test_keys_that_the_user_changed_are_known(changed: dict[str, str], unchanged: set[str]) -> None:
    """One by one, if they were set; the others have one digest."""
    values = {**ROLE, "region": "eu-west-1", "output": "json", "cli_pager": ""}
    comment = ProfileComment.of("a-R", values)
    assert comment.unchanged_keys("a-R", {**values, **changed}) == unchanged


@pytest.mark.parametrize("line", ["# Mine", "", "# Managed by sso-plugin", "[profile x]"])
def test_other_lines_are_no_comment_of_ours(line: str) -> None:
    """They belong to the user."""
    assert ProfileComment.read(line) is None


def test_a_region_that_the_user_added_is_not_ours() -> None:
    """The other keys are."""
    comment = ProfileComment.of("a-R", ROLE)
    assert comment.unchanged_keys("a-R", {**ROLE, "region": "eu-west-1"}) == ROLE.keys()


def test_the_order_of_keys_does_not_matter() -> None:
    """A key that is added later comes last in the file."""
    values = {"credential_process": "x", "output": "json", "region": "eu-west-1"}
    comment = ProfileComment.of("p", values)
    assert comment == ProfileComment.of("p", dict(reversed(values.items())))
