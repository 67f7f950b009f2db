"""Where the documents of a profile with a store are: what is shared, and what stays here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import KEY
from network import LOGIN, TOKEN_KEY, FixedTiming, Interrupted

from sso_plugin.config.profile import Options
from sso_plugin.config.store_address import read_store_address
from sso_plugin.storage.network.names import Names
from sso_plugin.storage.network.shared_documents import SharedDocuments
from sso_plugin.storage.network.shared_stores import SharedStores
from sso_plugin.storage.network.shared_tokens import SharedTokens
from sso_plugin.storage.sealing import KeyUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.cache import Cache

ADDRESS = read_store_address("redis://localhost:7", "sso_store")


@pytest.fixture
def stores(server: Interrupted) -> SharedStores:
    found = SharedStores(Options(), None, ADDRESS, (LOGIN, TOKEN_KEY), FixedTiming())
    found._remote.server = found.server = server
    return found


def sends(cache: Cache, key: str, server: Interrupted) -> bool:
    server.calls.clear()
    cache.pull(key)
    return bool(server.calls)


def test_tokens_and_roles_and_some_notes_are_shared(
    stores: SharedStores, server: Interrupted
) -> None:
    """Each by its own rules."""
    assert isinstance(stores.tokens, SharedTokens)
    assert isinstance(stores.roles, SharedDocuments)
    assert sends(stores.tokens, TOKEN_KEY, server)
    assert sends(stores.roles, "a" * 40, server)
    assert sends(stores.own, f"outage-{TOKEN_KEY}", server)


def test_all_other_documents_stay_on_the_machine(stores: SharedStores, server: Interrupted) -> None:
    """Registrations, the index of a login, codes of logins, and locks."""
    assert not sends(stores.tokens, "b" * 40, server)
    assert not sends(stores.own, f"roles-{TOKEN_KEY}", server)
    for cache in (stores.codes, stores.local, stores.rates):
        assert not sends(cache, "wait-key", server)
        assert not isinstance(cache, SharedTokens | SharedDocuments)


def test_the_copies_are_where_they_are_without_a_store(stores: SharedStores) -> None:
    """The AWS CLI and other SDKs read them there."""
    assert stores.tokens.describe(TOKEN_KEY).endswith(f"/.aws/sso/cache/{TOKEN_KEY}.json")
    assert stores.roles.describe("role").endswith("/.aws/cli/cache/role.json")


def test_the_folder_of_a_session_has_the_copy_of_its_token(tmp_path: Path) -> None:
    """As without a store."""
    login = (LOGIN, TOKEN_KEY)
    stores = SharedStores(Options(), str(tmp_path), ADDRESS, login, FixedTiming())
    assert stores.tokens.describe(TOKEN_KEY) == str(tmp_path / f"{TOKEN_KEY}.json")


def test_each_kind_has_one_cache(stores: SharedStores) -> None:
    """It knows what was sent, and why the server is away."""
    assert stores.tokens is stores.tokens
    assert stores.roles is stores.roles
    assert stores.own is stores.own


def test_kinds_do_not_share_documents(stores: SharedStores) -> None:
    """Not even under the same key."""
    stores.roles.put("notes-key", {"a": 1})
    stores.own.pull("notes-key")
    assert stores.own.get("notes-key") is None


def test_the_budget_has_a_name_on_the_server(
    stores: SharedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All logins at a portal share it."""
    name = stores.name_on_server("budget")
    others = (LOGIN._replace(session_name=None), "c" * 40)
    assert name == SharedStores(Options(), None, ADDRESS, others, FixedTiming()).name_on_server(
        "budget"
    )
    assert name != Names(KEY.encode(), LOGIN).of_portal("budget")
    monkeypatch.delenv("SSO_PLUGIN_STORE_KEY")
    with pytest.raises(KeyUnavailableError):
        stores.name_on_server("budget")


def test_nothing_is_sent_before_it_is_needed(server: Interrupted) -> None:
    """A session with cached credentials connects to no server."""
    login = (LOGIN, TOKEN_KEY)
    stores = SharedStores(Options(), None, ADDRESS, login, FixedTiming())
    assert stores.tokens.get(TOKEN_KEY) is None
    assert stores.roles.mark("role") is None
    assert vars(stores.server)["_clients"] == {}
