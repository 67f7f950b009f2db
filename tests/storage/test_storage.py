"""Where the documents of a profile are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botocore.tokens import SSOTokenProvider
from caches import own_cache, role_cache, token_cache

from sso_plugin.config.profile import Options
from sso_plugin.storage import Stores, local_cache
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    import pytest

AWS = ".aws"


def test_documents_stay_in_memory_without_a_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No folder named ``~`` is created."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", "~/.aws/sso/cache")
    monkeypatch.chdir(tmp_path)
    cache = token_cache()
    cache.put("key", {"a": 1})
    assert isinstance(cache, MemoryCache)
    assert list(tmp_path.iterdir()) == []


def test_the_caches_are_in_the_folders_of_the_aws_cli_and_in_our_own() -> None:
    """Below the home directory that botocore has found."""
    aws = Path.home() / ".aws"
    assert token_cache().describe("key") == str(aws / "sso/cache/key.json")
    assert role_cache().describe("key") == str(aws / "cli/cache/key.json")
    assert own_cache().describe("key") == str(aws / "sso-plugin/key.json")


def test_a_session_may_have_its_own_folder_of_tokens(tmp_path: Path) -> None:
    """A program can change it in botocore."""
    assert token_cache(str(tmp_path)).describe("key") == str(tmp_path / "key.json")


def places_of(stores: Stores) -> dict[str, str]:
    """Return where each cache stores a document, relative to the home directory."""
    found = {}
    for kind in ("codes", "local", "own", "rates", "roles", "tokens"):
        cache = getattr(stores, kind)
        place = cache.describe("key")
        found[kind] = str(Path(place).relative_to(Path.home())) if "/" in place else place
    return found


def test_each_option_moves_its_own_documents() -> None:
    """What we note about logins is never sealed: it has no secrets."""
    usual = places_of(Stores(Options()))
    assert usual == {
        "codes": ".aws/sso-plugin/key.json",
        "local": ".aws/sso-plugin/key.json",
        "own": ".aws/sso-plugin/key.json",
        "rates": ".aws/sso-plugin/key.json",
        "roles": ".aws/cli/cache/key.json",
        "tokens": ".aws/sso/cache/key.json",
    }
    sealed = ".aws/sso-plugin/sealed"
    assert places_of(Stores(Options(token_cache="sealed"))) == {
        **usual,
        "codes": f"{sealed}/codes/key.json",
        "tokens": f"{sealed}/tokens/key.json",
    }
    for kind, place in (
        ("sealed", f"{sealed}/roles/key.json"),
        ("memory", "the memory of this process"),
    ):
        assert places_of(Stores(Options(cache=kind))) == {**usual, "roles": place}


def test_sealed_tokens_of_another_folder_are_below_it(tmp_path: Path) -> None:
    """Programs that use another folder do not share a login with others."""
    tokens = Stores(Options(token_cache="sealed"), str(tmp_path)).tokens
    assert tokens.describe("key") == str(tmp_path / "sealed/tokens/key.json")


def test_the_key_is_created_under_one_lock_also_for_another_folder(
    sso_home: Path, tmp_path: Path
) -> None:
    """Otherwise two programs could create one key each."""
    options = Options(token_cache="sealed", key="file:~/key")
    Stores(options, str(tmp_path / "other")).tokens.put("key", {"a": 1})
    assert len(list((sso_home / ".aws/sso-plugin").glob("key-*.lock"))) == 1
    assert list((tmp_path / "other").rglob("*.lock")) == []


def test_the_files_of_roles_are_deleted_also_if_they_are_in_memory_now(sso_home: Path) -> None:
    """``sso_cache`` may have been changed since they were written."""
    role_cache().put("key", {})
    roles = Stores(Options(cache="memory")).roles
    assert roles.get("key") is None
    roles.put("key", {"a": 1})
    assert role_cache().get("key") is not None
    assert roles.delete("key") is None
    assert (roles.get("key"), role_cache().get("key")) == (None, None)


def test_locks_of_this_machine_are_in_our_own_folder() -> None:
    """Also for callers without a profile."""
    assert local_cache().describe("key") == own_cache().describe("key")
