"""Properties of token files, role files and indexes, for any content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from caches import file_cache, stores_with
from hypothesis import given
from hypothesis import strategies as st
from login_model import BEGIN, LoginModel, ModelPortal, login_to
from property_tests import (
    SEARCH,
    file_contents,
    moments,
    scalars,
    timestamps,
    write_private_file,
)

from sso_plugin import LoginRequired, PortalError, SsoPluginError
from sso_plugin.clock import Clock
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.login_index import LoginIndex
from sso_plugin.credentials.role_credentials import RoleCredentials
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.credentials.token_source import TokenSource

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("without_sync_and_logs")

TOKEN_FILES = st.fixed_dictionaries(
    {"accessToken": scalars | st.just("token"), "expiresAt": moments | timestamps | scalars},
    optional={
        "refreshToken": scalars,
        "clientId": scalars,
        "clientSecret": scalars,
        "registrationExpiresAt": moments | timestamps | scalars,
    },
)
ROLE_FILES = st.fixed_dictionaries(
    {
        "Credentials": st.fixed_dictionaries(
            {
                "AccessKeyId": scalars,
                "SecretAccessKey": scalars,
                "SessionToken": scalars,
                "Expiration": moments | timestamps | scalars,
            }
        )
        | scalars
    }
)
INDEX_FILES = st.fixed_dictionaries(
    {},
    optional={
        "login": scalars,
        "tokens": st.lists(scalars, max_size=3) | scalars,
        "beganAt": scalars,
        "keys": scalars
        | st.lists(
            scalars | st.sampled_from(["a" * 40, "../a", "/a", "a" * 40 + "\n"]), max_size=4
        ),
    },
)


@pytest.mark.long
@SEARCH
@given(content=file_contents(TOKEN_FILES))
def test_any_token_file_is_a_valid_token_or_one_of_our_errors(
    tmp_path: Path, content: bytes
) -> None:
    """A token that is returned is a string of the file and has not expired."""
    cache = file_cache(tmp_path)
    portal: Any = ModelPortal(LoginModel(up=False))
    source = TokenSource(login := login_to(portal, stores_with(cache), lambda: BEGIN))
    write_private_file(tmp_path / f"{login.key}.json", content)
    found = source.file.load()
    try:
        token = source.fetch()
    except SsoPluginError as exc:
        assert isinstance(exc, LoginRequired | PortalError)  # noqa: PT017 - no error is fine too
    else:
        assert token == found
        assert json.loads(content)["accessToken"] == token.value
        assert token.lifetime.expires_at > BEGIN


@pytest.mark.long
@SEARCH
@given(content=file_contents(ROLE_FILES))
def test_any_role_file_is_credentials_or_none(tmp_path: Path, content: bytes) -> None:
    """Credentials that are read are strings of the file."""
    cache = file_cache(tmp_path)
    write_private_file(tmp_path / "role.json", content)
    found = RoleCredentials.from_entry(cache.get("role"), "111111111111", Clock())
    if found is not None:
        held = json.loads(content)["Credentials"]
        assert found.keys.access_key == held["AccessKeyId"]
        assert found.keys.secret_key == held["SecretAccessKey"]
        assert found.keys.token == held["SessionToken"]
        assert RoleCredentials.from_entry(cache.get("role"), "1", Clock()) == found._replace(
            account_id="1"
        )


@pytest.mark.long
@SEARCH
@given(content=file_contents(INDEX_FILES))
def test_any_index_names_role_files_only(tmp_path: Path, content: bytes) -> None:
    """Each key that it holds can be deleted, and is the name of a file in the folder."""
    cache = file_cache(tmp_path)
    write_private_file(tmp_path / "roles-index.json", content)
    index = LoginIndex(cache, "index")
    token = AccessToken("token", Lifetime(0, 1), {})
    index.find(token.identity)
    for key in index.keys():  # noqa: SIM118 - no dict
        assert re.fullmatch("[0-9a-f]{40}", key)
        cache.delete(key)
    index.add("b" * 40)
    index.continue_with(token, token)
    assert "b" * 40 in index.keys()  # noqa: SIM118 - no dict
