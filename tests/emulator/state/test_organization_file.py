"""Organizations in TOML files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator import Account, Assignment, Organization, Role, User, VanityUrl

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
start_url = "https://corp.awsapps.com/start"
region = "eu-west-1"
users = ["ann", "ben"]

[[accounts]]
id = "111111111111"
name = "production"

[[accounts]]
id = "222222222222"
name = "staging"
email = "staging@corp.example"

[[assignments]]
user = "ann"
accounts = ["*"]
roles = ["Admin", "Audit"]

[[assignments]]
user = "ben"
accounts = ["staging"]
roles = ["Audit"]

[[roles]]
account = "production"
name = "Deploy"
trusts = ["222222222222"]

[[vanity_urls]]
path = "/sso"

[[vanity_urls]]
path = "/far"
hops = 3
leads_to = "https://start.example/"
head = false
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "organization.toml"


def test_a_file_describes_an_organization(path: Path) -> None:
    """Accounts are given by name or id, and `*` is all of them."""
    path.write_text(FILE)

    one, two = "1" * 12, "2" * 12
    assert Organization.load(path) == Organization(
        users=(User("ann"), User("ben")),
        accounts=(
            Account(one, "production", "production@example.com"),
            Account(two, "staging", "staging@corp.example"),
        ),
        roles=(Role(one, "Deploy", (two,)),),
        assignments=(
            Assignment("ann", one, "Admin"),
            Assignment("ann", one, "Audit"),
            Assignment("ann", two, "Admin"),
            Assignment("ann", two, "Audit"),
            Assignment("ben", two, "Audit"),
        ),
        start_url="https://corp.awsapps.com/start",
        region="eu-west-1",
        vanity_urls=(
            VanityUrl("/sso"),
            VanityUrl("/far", hops=3, leads_to="https://start.example/", head=False),
        ),
    )


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('users = ["ann", "ben"]', "", "users is missing."),
        ('users = ["ann", "ben"]', "users = []", "users must not be empty."),
        ('["ann", "ben"]', '["ann", "ann"]', "users: 'ann' appears twice."),
        ('["ann", "ben"]', "[1]", "users must be a list of strings, not [1]."),
        ('"eu-west-1"', "1", "region must be a string, not 1."),
        ("region =", "regoin =", "regoin is not a known key. Use start_url, region, users,"),
        ('"111111111111"', '"11"', "accounts[1].id must be 12 digits, not '11'."),
        ('"222222222222"\nname', '"111111111111"\nname', "accounts: '111111111111' appears twice."),
        ('name = "staging"', 'name = "production"', "accounts: 'production' appears twice."),
        ('email = "s', 'mail = "s', "accounts[2].mail is not a known key. Use id, name, email."),
        ('user = "ben"', 'user = "bob"', "assignments[2].user: there is no user 'bob'."),
        ('["staging"]', '["test"]', "assignments[2].accounts: there is no account 'test'."),
        ('roles = ["Audit"]', "", "assignments[2].roles is missing."),
        ('account = "prod', 'account = "pord', "roles[1].account: there is no account 'pord"),
        ('["222222222222"]', '["3"]', "roles[1].trusts: there is no account '3'."),
        ("[[roles]]", "[roles]", "roles must be written as [[roles]]."),
        ("[[roles]]", "[[roles", "not valid TOML: "),
        ('"/sso"', '"sso"', "vanity_urls[1].path must start with a slash, not 'sso'."),
        ("hops = 3", "hops = 0", "vanity_urls[2].hops must be a whole number from 1, not 0."),
        ("head = false", "head = 0", "vanity_urls[2].head must be true or false, not 0."),
    ],
)
def test_a_mistake_is_reported_with_file_and_key(
    path: Path, right: str, wrong: str, problem: str
) -> None:
    """In one sentence."""
    assert right in FILE
    path.write_text(FILE.replace(right, wrong))

    with pytest.raises(ValueError, match=r"organization\.toml") as caught:
        Organization.load(path)

    message = str(caught.value)
    assert message.startswith(f"{path}: {problem}")
    assert message.endswith(".")


def test_a_missing_file_is_reported(path: Path) -> None:
    """With its name and the reason."""
    with pytest.raises(ValueError, match=r"organization\.toml: No such file or directory\."):
        Organization.load(path)


def test_a_file_that_is_not_utf_8_is_rejected(path: Path) -> None:
    """TOML is always UTF-8."""
    path.write_bytes(b'users = ["\xff"]')

    with pytest.raises(ValueError, match="not valid TOML"):
        Organization.load(path)
