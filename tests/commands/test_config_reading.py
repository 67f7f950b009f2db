"""Why botocore cannot read a config file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import write

from sso_plugin import ConfigError

if TYPE_CHECKING:
    from world import World


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"[profile a]\nx = 1\n[profile a]\nx = 2\n",
            "line 3 repeats the section [profile a]",
        ),
        (b"[profile a]\nx = 1\nx = 2\n", "line 3 repeats the key x of [profile a]"),
        (b"\xef\xbb\xbf[profile a]\nx = 1\n", "it begins with a byte order mark"),
        (b"secret = 1\n", "line 1 is not in a section"),
        (b"[profile a]\nsecret\n", "line 2 is neither a section nor a value"),
        (b"[profile a]\ns3 =\n  secret\n", "a value in an indented block has no ="),
        (b"[profile a]\nx = \xff\n", "it is not in the encoding of this system"),
    ],
)
def test_a_file_that_botocore_cannot_read_is_not_changed(
    world: World, content: bytes, why: str
) -> None:
    """The user has to fix it, because no script can read it either. The message has the line."""
    world.config_file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        write()
    assert str(caught.value) == (
        f"botocore cannot read {world.config_file}, so no script can: {why}. Fix it with an editor."
    )
    assert world.config_file.read_bytes() == content
