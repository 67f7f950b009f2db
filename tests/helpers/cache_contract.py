"""The tests that each cache has to pass, also one on a server that many machines use."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sso_plugin.storage import cache as cache_module
from sso_plugin.storage import waiting
from sso_plugin.storage.cache import Hold

if TYPE_CHECKING:
    from pathlib import Path

    from sso_plugin.storage.cache import Cache
    from sso_plugin.storage.reading import Document


class CacheContract:
    """What each cache has to do. A test class for a cache derives from it."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Cache:
        raise NotImplementedError

    def test_a_missing_document_is_none(self, cache: Cache) -> None:
        """It is not an error."""
        assert cache.get("key") is None

    def test_a_stored_document_is_returned(self, cache: Cache) -> None:
        """With the time at which it was stored."""
        cache.put("key", {"a": "ä", "b": [1]})
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"a": "ä", "b": [1]}
        assert abs(entry.stored_at - time.time()) < 60

    def test_a_document_replaces_the_old_one(self, cache: Cache) -> None:
        """They are not merged."""
        cache.put("key", {"a": 1})
        cache.put("key", {"b": 2})
        entry = cache.get("key")
        assert entry is not None
        assert entry.document == {"b": 2}

    def test_keys_are_independent(self, cache: Cache) -> None:
        """Deleting one document does not affect the other."""
        cache.put("one", {"a": 1})
        cache.put("two", {"a": 2})
        cache.delete("one")
        assert cache.get("one") is None
        assert cache.get("two") is not None

    def test_keys_are_found_by_their_prefix(self, cache: Cache) -> None:
        """Those of stored documents only."""
        for key in ("one-a", "one-b", "two-a"):
            cache.put(key, {})
        cache.delete("one-b")
        assert cache.keys("one-") == {"one-a"}
        assert cache.keys("three-") == set()

    def test_deleting_a_missing_document_is_not_an_error(self, cache: Cache) -> None:
        """A second logout succeeds."""
        cache.delete("key")

    def test_the_lock_is_held_by_one_thread(self, cache: Cache) -> None:
        """At a time."""
        inside: list[int] = []
        most: list[int] = []

        def enter() -> None:
            with cache.locked("key"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.02)
                inside.pop()

        threads = [threading.Thread(target=enter) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == [1, 1, 1, 1]

    def test_an_error_releases_the_lock(self, cache: Cache) -> None:
        """Other threads can get it."""
        with pytest.raises(ZeroDivisionError), cache.locked("key"):
            raise ZeroDivisionError
        with cache.locked("key"):
            pass

    def test_the_lock_has_a_timeout(self, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        """After it, the caller continues without the lock."""
        monkeypatch.setattr(cache_module, "LOCK_TIMEOUT", 0.05)
        entered = threading.Event()

        def enter() -> None:
            with cache.locked("key"):
                entered.set()

        with cache.locked("key"):
            thread = threading.Thread(target=enter)
            thread.start()
            assert entered.wait(60)
        thread.join()

    def test_a_thread_that_gets_a_free_lock_does_not_count_as_waiting(
        self, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Otherwise a fork or the end of a script at this moment would stop a renewal."""
        waited: list[int] = []

        class Noted(set[int]):
            def add(self, ident: int) -> None:
                waited.append(ident)

        monkeypatch.setattr(waiting, "_waiting", Noted())
        with cache.locked("key") as held:
            assert held
            assert waited == []
            with cache.locked("key", 0.0) as again:
                assert not again
            assert waited == [threading.get_ident()]

    def test_a_document_is_replaced_if_it_is_still_the_expected_one(self, cache: Cache) -> None:
        """Otherwise the newer one stays."""
        cache.put("key", {"a": 1})
        assert cache.replace("key", {"a": 2}, replacing={"a": 1})
        assert not cache.replace("key", {"a": 3}, replacing={"a": 1})
        assert document_of(cache) == {"a": 2}

    def test_a_writer_that_lost_its_lock_does_not_undo_what_others_have_written(
        self, cache: Cache
    ) -> None:
        """It was paused between its request and the write."""
        cache.put("key", {"a": 1})
        paused = {"a": "made of 1"}
        with cache.locked("key"):
            assert cache.replace("key", {"a": 2}, replacing={"a": 1})
        assert not cache.replace("key", paused, replacing={"a": 1})
        assert document_of(cache) == {"a": 2}

    def test_a_document_of_a_login_replaces_any_other_one(self, cache: Cache) -> None:
        """A renewal of the older login does not come back."""
        cache.put("key", {"a": 1})
        cache.supersede("key", {"login": 2})
        assert not cache.replace("key", {"a": 2}, replacing={"a": 1})
        assert document_of(cache) == {"login": 2}

    @pytest.mark.parametrize("how", ["delete", "end"])
    def test_a_deleted_document_is_not_restored(self, cache: Cache, how: str) -> None:
        """A process that was renewing it has to log in."""
        cache.put("key", {"a": 1})
        assert getattr(cache, how)("key") is None
        assert not cache.replace("key", {"a": 2}, replacing={"a": 1})
        assert cache.get("key") is None
        assert cache.mark("key") is None
        cache.supersede("key", {"login": 2})
        assert document_of(cache) == {"login": 2}

    def test_a_document_that_is_in_its_place_settles_there(self, cache: Cache) -> None:
        """It does not change. A missing document is no error."""
        cache.settle("key")
        assert cache.get("key") is None
        cache.put("key", {"a": 1})
        cache.settle("key")
        assert document_of(cache) == {"a": 1}

    def test_pulling_a_document_does_not_change_it(self, cache: Cache) -> None:
        """Without a document, there is still none."""
        cache.pull("key")
        assert cache.get("key") is None
        cache.put("key", {"a": 1})
        cache.pull("key")
        assert document_of(cache) == {"a": 1}

    def test_documents_with_the_same_content_have_the_same_identity(self, cache: Cache) -> None:
        """A document that is missing has none."""
        assert cache.identity("one") is None
        cache.put("one", {"a": 1, "b": 2})
        cache.put("two", {"b": 2, "a": 1})
        cache.put("three", {"a": 1})
        assert cache.identity("one") == cache.identity("two") != cache.identity("three")

    def test_a_document_can_be_stored(self, cache: Cache) -> None:
        """There is a key, if one is needed."""
        assert cache.why_no_key() is None

    def test_the_mark_changes_with_the_document(self, cache: Cache) -> None:
        """It is None without one."""
        assert cache.mark("key") is None
        cache.put("key", {"a": 1})
        first = cache.mark("key")
        assert first is not None
        cache.put("key", {"a": 22})
        assert cache.mark("key") != first
        cache.delete("key")
        assert cache.mark("key") is None

    def test_a_wait_for_the_lock_ends_when_it_is_not_needed(self, cache: Cache) -> None:
        """Long before the timeout."""
        with cache.locked("key") as first, cache.locked("key", 30.0, lambda: True) as second:
            assert (first, second) == (Hold.HELD, Hold.PASSED_BY)


def document_of(cache: Cache) -> Document | None:
    entry = cache.get("key")
    return entry.document if entry else None
