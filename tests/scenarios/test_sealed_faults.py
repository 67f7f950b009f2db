"""Sealed files that are damaged, or sealed with another key: a clear error, healed by a login."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import boto3
import pytest
from issued import exposed
from scenario import log_in
from sealed import (
    CALL,
    OTHER_KEY,
    own_folder,
    set_key,
    token_file,
    users,
)

from sso_plugin import LoginRequired

if TYPE_CHECKING:
    from collections.abc import Callable

    from issued import Issued
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]


def damage(world: World) -> str:
    token_file(world).write_text("damaged")
    return "is damaged: it is not a JSON object"


def change(world: World) -> str:
    document = json.loads(token_file(world).read_text())
    token_file(world).write_text(json.dumps({**document, "id": "0" * 64}))
    return "is damaged: it was changed, or is the sealed document of another file"


def swap(world: World) -> str:
    """Put the sealed registration in the place of the token."""
    [other] = (each for each in token_file(world).parent.iterdir() if each != token_file(world))
    shutil.copy(other, token_file(world))
    return "is damaged: it was changed, or is the sealed document of another file"


def cut(world: World) -> str:
    document = json.loads(token_file(world).read_text())
    del document["nonce"]
    token_file(world).write_text(json.dumps(document))
    return "is damaged: it is not a complete sealed document"


def change_key(world: World) -> str:
    document = json.loads(token_file(world).read_text())
    token_file(world).write_text(json.dumps({**document, "key": "0123456789abcdef"}))
    return "is sealed with another key than the key in SSO_PLUGIN_KEY"


@pytest.mark.parametrize("spoil", [damage, change, swap, cut, change_key])
def test_a_login_heals_a_damaged_file(
    sealed: World, spoil: Callable[[World], str], caplog: pytest.LogCaptureFixture
) -> None:
    """The error names the file, and the command that helps."""
    log_in(sealed, "alice")
    why = spoil(sealed)
    with pytest.raises(LoginRequired) as caught:
        boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert str(caught.value) == (
        f'The profile "dev" needs a login: {token_file(sealed)} {why}. '
        "Run: sso-plugin login --profile dev"
    )
    assert [record.getMessage() for record in caplog.records] == [
        f"Ignoring {token_file(sealed)}, which {why}"
    ]
    log_in(sealed, "alice")
    assert users(2) == ["alice"] * 2


def test_a_damaged_role_file_is_replaced(sealed: World) -> None:
    """Without a login."""
    log_in(sealed, "alice")
    users(1)
    [role] = (own_folder(sealed) / "sealed/roles").glob("*.json")
    role.write_text(json.dumps({**json.loads(role.read_text()), "data": "AAAA"}))
    done = sealed.run(CALL)
    assert done.stdout == "alice\n"
    assert f"Ignoring {role}, which is damaged: " in done.stderr
    assert users(2) == ["alice"] * 2
    assert sealed.count("GetRoleCredentials") == 2


def test_files_of_another_key_heal_by_a_login(
    sealed: World, monkeypatch: pytest.MonkeyPatch, issued: Issued
) -> None:
    """The key was lost and replaced. The registration is sealed again, too."""
    log_in(sealed, "alice")
    users(1)
    set_key(monkeypatch, OTHER_KEY)
    done = sealed.run(CALL)
    assert "is sealed with another key than the key in SSO_PLUGIN_KEY" in done.stderr
    assert "needs a login" in done.stderr
    log_in(sealed, "alice")
    assert users(2) == ["alice"] * 2
    assert exposed(sealed.home, issued) == []
