"""Links for containers of Firefox."""

from __future__ import annotations

import pytest

from sso_plugin.commands.console.firefox_container import container_link, default_container
from sso_plugin.commands.credentials_choice import CredentialsChoice


def test_both_parts_are_encoded() -> None:
    """So neither can add a parameter. A link with a secret is not shown by its repr."""
    link = container_link("https://x/?a=1&b=2", "my team&url=https://evil.example")
    assert link == (
        "ext+container:name=my%20team%26url%3Dhttps%3A%2F%2Fevil.example"
        "&url=https%3A%2F%2Fx%2F%3Fa%3D1%26b%3D2"
    )
    assert "evil" not in repr(link)


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        (CredentialsChoice("dev"), "dev"),
        (CredentialsChoice(), "mine"),
        (CredentialsChoice(account="staging"), "staging"),
        (CredentialsChoice(account="staging", role="Admin"), "staging Admin"),
        (CredentialsChoice("dev", role="Admin"), "dev Admin"),
    ],
)
def test_each_choice_has_a_container(choice: CredentialsChoice, name: str) -> None:
    """So that several are open at once."""
    assert default_container(choice, {"AWS_PROFILE": "mine"}) == name
