"""Whether a request whose credentials were rejected can be sent again."""

from __future__ import annotations

import io
import os

from sso_plugin.session.rejection import _can_be_sent_again, _position


class StreamWithoutPosition(io.BytesIO):
    """A stream whose `tell` raises an error."""

    def tell(self) -> int:
        raise RuntimeError("no idea")


def test_a_stream_whose_position_is_unknown_does_not_break_a_request() -> None:
    """Whether it can be sent again is checked when that is needed."""
    assert _position(StreamWithoutPosition(b"x")) is None


def test_a_body_that_cannot_be_rewound_cannot_be_sent_again() -> None:
    """Botocore would raise UnseekableStreamError instead of the error of the service."""
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert not _can_be_sent_again(pipe, None)
    assert not _can_be_sent_again(iter([b"x"]), None)
    for body in (None, b"x", "x", {"Action": "x"}, io.BytesIO(b"x")):
        assert _can_be_sent_again(body, 0)


class AsyncFile:
    """A file of a library for asyncio, such as aiofiles."""

    async def tell(self) -> int:
        return 0

    async def seek(self, offset: int) -> None:
        raise AssertionError(offset)


def test_an_async_file_cannot_be_sent_again() -> None:
    """A coroutine that is not awaited would cause a warning."""
    assert _position(AsyncFile()) is None
    assert not _can_be_sent_again(AsyncFile(), None)
