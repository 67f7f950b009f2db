"""What the tests of ``sso-plugin configure`` share: a config file by hand, and runs that write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.configloader import load_config

from sso_plugin.commands.config_change import Change
from sso_plugin.commands.configure.config_text import ConfigText, ProfileText
from sso_plugin.commands.configure.configure_options import ConfigureOptions
from sso_plugin.commands.configure.run import ConfigureRun
from sso_plugin.portal.listings import Account, AccountRole, AccountsAndRoles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pytest
    from world import World

    from sso_plugin.commands.configure.plan import Plan

BY_HAND = """\
# My own, do not touch.
[default]
region=eu-west-1

[profile   plain]   ; a comment
  output   =   json
s3 =
    max_concurrent_requests = 20
    addressing_style = path

[profile "twice"]
region = us-east-1
[profile twice]
region = us-east-2


; almost the end
[services local]
dynamodb =
  endpoint_url = http://localhost:8000
"""
"""A config file that a user wrote, in a style of their own."""

PROFILES = [
    "production-AdministratorAccess",
    "production-ReadOnlyAccess",
    "sandbox-AdministratorAccess",
    "staging-AdministratorAccess",
]
"""The profiles for the roles that alice has in the emulator."""

ROLE_LINE = "sso_role_name = ReadOnlyAccess\n"

NAME_WITH_SECTION = "Role{0}[default]{0}credential_process = touch /tmp/x"
"""A role name that would start a section and run a program, if {0} were the end of a line."""


def session_section(world: World) -> str:
    """Sign a user in, and return the text of the sso-session."""
    world.sign_in()
    return world.emulator.profile().split("\n[profile")[0]


def configure_by_hand(world: World) -> Path:
    """Sign a user in, and write the config file by hand, with the sso-session."""
    world.configure(BY_HAND + session_section(world))
    return world.config_file


def confirm(_: Plan) -> bool:
    """Confirm each plan."""
    return True


def run_with(*, region: str | None = None, **options: Any) -> ConfigureRun:
    """Return a run with these options only, which has listed the roles."""
    if region:
        options["regions"] = (region,)
    run = ConfigureRun(ConfigureOptions(**{"sso_session": "corp", **options}), reset=True)
    run.list_roles()
    return run


def write(**options: Any) -> Plan:
    """Write profiles without a question, and without saved options."""
    plan = run_with(**options).write(confirm)
    assert plan is not None
    return plan


def role(account_name: str = "a", account_id: str = "1", role_name: str = "R") -> AccountRole:
    return AccountRole(account_id, account_name, role_name)


def roles_are(monkeypatch: pytest.MonkeyPatch, *roles: AccountRole) -> None:
    """Give the user exactly these roles."""
    accounts = {role.account_id: Account(role.account_id, role.account_name, "") for role in roles}

    def listed(_: AccountsAndRoles, inside: Sequence[Account]) -> Iterator[AccountRole]:
        ids = {account.account_id for account in inside}
        return (role for role in roles if role.account_id in ids)

    monkeypatch.setattr(AccountsAndRoles, "accounts", lambda _: iter(accounts.values()))
    monkeypatch.setattr(AccountsAndRoles, "roles_in", listed)


ROLES_WITH_SAME_NAME = (role("A b", "1"), role("A-b", "2"), role("c", "3"))
"""The default names of the first two profiles are the same."""


NEW_PROFILE = Change({"new": {"sso_session": "corp"}})
"""The change that `with_new_profile` makes."""


def with_new_profile(text: str) -> str:
    """Return the text of a config file with one more managed profile."""
    config = ConfigText.parse(text)
    config.put(ProfileText(name, values) for name, values in NEW_PROFILE.profiles.items())
    return config.text


def profiles_in(file: Path) -> dict[str, dict[str, Any]]:
    """Return the profiles that botocore reads."""
    return dict(load_config(str(file))["profiles"])


def is_readable(file: Path) -> bool:
    """Return whether botocore can read a config file."""
    try:
        load_config(str(file))
    except Exception:  # noqa: BLE001 - botocore raises errors of many kinds
        return False
    return True


def edit(file: Path, old: str, new: str) -> None:
    """Change one place of a file, as a user does with an editor."""
    text = file.read_bytes().decode()
    assert text.count(old) == 1
    file.write_bytes(text.replace(old, new).encode())


def without_digests(text: str) -> str:
    """Return a config file without the digests in the comments of managed profiles."""
    return re.sub(r"(?m)^# (?:Managed|Written) by sso-plugin.*", "# COMMENT", text)


def patched(before: list[str], diff: list[str]) -> list[str]:
    """Apply a diff as `patch` does, but accept no differences at all."""
    after: list[str] = []
    at = 0
    for line in diff:
        head = re.fullmatch(r"@@ -(\d+),(\d+) \+\d+,\d+ @@", line)
        if head:
            start = int(head[1]) - (int(head[2]) > 0)
            after += before[at:start]
            at = start
        elif not line.startswith(("---", "+++")):
            if line[0] != "+":
                assert before[at] == line[1:]
                at += 1
            if line[0] != "-":
                after.append(line[1:])
    return after + before[at:]
