"""Properties of cache files, for any content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import file_cache
from hypothesis import given
from property_tests import SEARCH, file_contents, scalars, write_private_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
@pytest.mark.usefixtures("without_sync_and_logs")
@SEARCH
@given(content=file_contents(scalars))
def test_any_content_is_a_document_or_none_and_can_be_replaced(
    tmp_path: Path, content: bytes
) -> None:
    """No file makes a reader or a writer fail."""
    write_private_file(tmp_path / "key.json", content)
    cache = file_cache(tmp_path)
    entry = cache.get("key")
    assert entry is None or isinstance(entry.document, dict)
    cache.put("key", {"a": 1})
    replaced = cache.get("key")
    assert replaced is not None
    assert replaced.document == {"a": 1}
