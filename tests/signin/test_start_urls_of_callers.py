"""A start URL and a region that a caller passes are checked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sso_plugin
from sso_plugin import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


def get_session(start_url: str, sso_region: str) -> object:
    return sso_plugin.get_session(
        account="1" * 12, role="x", start_url=start_url, sso_region=sso_region
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("url", ["https://\ud800", "https://[x/", "-x"])
@pytest.mark.parametrize("use", [sso_plugin.login, get_session])
def test_an_invalid_start_url_or_region_is_a_config_error(
    url: str, use: Callable[..., object]
) -> None:
    """No request is sent, and nothing is written."""
    with pytest.raises(ConfigError, match="is not a valid address"):
        use(start_url=url, sso_region="eu-central-1")
    with pytest.raises(ConfigError, match="is not a valid region"):
        use(start_url="https://example.awsapps.com/start", sso_region="\udcff")
