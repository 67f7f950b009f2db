"""What a user asks for, and how it is named in a message."""

from __future__ import annotations

import pytest

from sso_plugin.commands.credentials_choice import CredentialsChoice, label_text


@pytest.mark.parametrize(
    ("choice", "is_role"),
    [
        (CredentialsChoice(), False),
        (CredentialsChoice("dev", region="eu-west-1"), False),
        (CredentialsChoice(account="x"), True),
        (CredentialsChoice("dev", role="x"), True),
    ],
)
def test_an_account_or_a_role_makes_it_a_role(choice: CredentialsChoice, *, is_role: bool) -> None:
    """A region does not."""
    assert choice.is_role is is_role


def test_the_labels_are_a_part_of_a_sentence() -> None:
    """A profile, or else a role."""
    assert label_text({"SSO_PLUGIN_PROFILE": "dev"}) == 'the profile "dev"'
    role = {"SSO_PLUGIN_ACCOUNT": "staging", "SSO_PLUGIN_ROLE": "Admin"}
    assert label_text(role) == "the role Admin in the account staging"
