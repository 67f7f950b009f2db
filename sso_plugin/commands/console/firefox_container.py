"""Links that an extension of Firefox opens in a container, which has a console session of its own.

https://addons.mozilla.org/firefox/addon/open-url-in-container/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from sso_plugin.redact import Secret

from ..aws_variables import chosen_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..credentials_choice import CredentialsChoice

__all__ = ["container_link", "default_container"]


def container_link(url: str, container: str) -> str:
    """Return a link that opens a URL in a container. If the URL is a secret, so is the link."""
    return Secret(f"ext+container:name={quote(container, safe='')}&url={quote(url, safe='')}")


def default_container(choice: CredentialsChoice, environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of the profile, or else the account and the role."""
    profile = choice.profile or chosen_profile(environ)
    if not choice.is_role:
        return profile
    return " ".join(filter(None, (choice.account or profile, choice.role)))
