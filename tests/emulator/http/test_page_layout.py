"""What all pages share: headers, errors and escaped text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator.http.page_layout import alert, decision_fields, page

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sso_plugin.emulator import Emulator


@pytest.mark.parametrize("path", ["/device", "/authorize"])
def test_no_other_site_can_embed_a_page(
    sso_emulator: Emulator, browse: Callable[..., Any], path: str
) -> None:
    """A page runs no script and is not cached. This holds for error pages too."""
    headers = browse("GET", sso_emulator.url + path).headers
    policy = headers["Content-Security-Policy"].split("; ")

    assert {"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"} <= {*policy}
    assert headers["Cache-Control"] == "no-store"


def test_a_form_can_redirect_to_one_more_origin() -> None:
    """Browsers apply the policy to the redirect after a form."""
    response = page("Title", "", redirects_to="http://127.0.0.1:1")

    assert response.headers["Content-Security-Policy"].endswith(
        "form-action 'self' http://127.0.0.1:1"
    )


def test_text_is_escaped() -> None:
    """In titles, messages and user names."""
    assert "<h1>a &lt; b</h1>" in page("a < b", "").get_data(as_text=True)
    assert "a &lt; b" in alert("a < b")
    assert "<option>a &lt; b</option>" in decision_fields(["a < b"])


def test_an_empty_message_has_no_element() -> None:
    """A screen reader would announce it."""
    assert alert("") == ""
