"""The source that raises a config error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin import ConfigError
from sso_plugin.credentials.credential_source import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def source() -> Misconfigured:
    return Misconfigured(ConfigError(error_msg="It is wrong."))


@pytest.mark.parametrize(
    "use",
    [
        lambda source: source.load(),
        lambda source: source.fetch(attended=False, minimum=60.0),
        lambda source: source.replace("key"),
    ],
    ids=["load", "fetch", "replace"],
)
def test_each_use_raises_the_error(
    source: Misconfigured, use: Callable[[Misconfigured], object]
) -> None:
    """Class and message are those of the error."""
    with pytest.raises(ConfigError, match=r"^It is wrong\.$"):
        use(source)


def test_each_use_raises_an_exception_of_its_own(source: Misconfigured) -> None:
    """Threads that raise the same exception would share its traceback."""
    raised = []
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            source.load()
        raised.append(caught.value)
    assert raised[0] is not raised[1]


def test_prepare_raises_nothing(source: Misconfigured) -> None:
    """The error belongs to the caller that uses the credentials."""
    source.prepare()
