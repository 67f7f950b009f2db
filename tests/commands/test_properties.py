"""Properties of the file of ``credential-process``, for any content."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property_tests import SEARCH, documents, file_contents, scalars, write_private_file

from sso_plugin.commands import credential_process

if TYPE_CHECKING:
    from pathlib import Path

PROCESS_FILES = st.fixed_dictionaries(
    {"config": documents, "token_file": scalars, "token_marks": documents},
    optional={
        "renew_from": scalars,
        "role_file": scalars | st.just("a" * 40 + ".json"),
        "role_mark": documents,
    },
)


@pytest.mark.long
@pytest.mark.usefixtures("without_sync_and_logs")
@SEARCH
@given(content=file_contents(PROCESS_FILES), matches=st.booleans())
def test_any_file_of_the_credential_process_is_used_or_ignored(
    tmp_path: Path, *, content: bytes, matches: bool
) -> None:
    """It never fails, not even if its marks match the files that are there."""
    with mock.patch.dict(os.environ, HOME=str(tmp_path)):
        if matches:
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                known = {"config": credential_process._config_marks(), "token_marks": [None, None]}
                content = json.dumps({**json.loads(content), **known}).encode()
        write_private_file(tmp_path / ".aws/sso-plugin" / "process-646576.json", content)
        assert credential_process._load_warm("dev") is None
