"""The cache in memory, and caches that a caller sets."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from sso_plugin.config.profile import Options
from sso_plugin.storage import Stores
from sso_plugin.storage.memory_cache import MemoryCache


def test_sessions_of_one_process_share_its_memory() -> None:
    """With ``sso_cache = memory``, one of them sends a request."""
    options = Options(cache="memory")
    assert Stores(options).roles is Stores(options).roles


def test_an_entry_has_the_time_at_which_it_was_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the time at which it is read."""
    cache = MemoryCache()
    before = time.time()
    cache.put("key", {})
    after = time.time()
    monkeypatch.setattr(time, "time", lambda: after + 100)
    entry = cache.get("key")
    assert entry is not None
    assert before <= entry.stored_at <= after


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_lock_in_memory_is_free_in_a_forked_child() -> None:
    """The thread that would release it does not exist there."""
    cache = MemoryCache()
    with cache.locked("key"):
        child = os.fork()
        if child == 0:
            with cache.locked("key", 0.0) as held:
                os._exit(0 if held else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_the_memory_reports_why_it_is_used() -> None:
    """After a document was stored, which other processes do not find."""
    cache = MemoryCache(why_in_memory="there is no home directory")
    assert cache.why_not_storable("key") == "there is no home directory"
    assert cache.why_not_stored("key") is None
    cache.put("key", {})
    assert cache.why_not_stored("key") == "there is no home directory"
    assert MemoryCache().why_not_storable("key") is None


def test_a_value_of_a_callers_mapping_that_is_not_a_document_is_ignored() -> None:
    """It belongs to the caller."""
    mapping: Any = {"key": "text"}
    assert MemoryCache(mapping).get("key") is None


def test_the_mark_stays_the_same_until_the_document_is_replaced() -> None:
    """So a reader does not have to read the document again."""
    cache = MemoryCache()
    cache.put("key", {"a": 1})
    first = cache.mark("key")
    entry = cache.get("key")
    assert entry is not None
    assert first == cache.mark("key") == entry.mark
