"""The diff of two texts."""

from __future__ import annotations

import pytest
from configure_support import patched
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.commands.configure.text_diff import unified_diff

sections = st.lists(st.sampled_from(["[a]", "[b]", "[c]", "x", "y", "", "z"]), max_size=40)


@pytest.mark.long
@given(before=sections, after=sections)
def test_the_diff_is_the_whole_change(before: list[str], after: list[str]) -> None:
    """Applied to the old text, it gives the new text. Equal texts have no diff."""
    diff = list(unified_diff(before, after, "file"))
    assert patched(before, diff) == after
    assert bool(diff) == (before != after)
