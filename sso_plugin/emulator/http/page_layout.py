"""What all pages share: the HTML around the content, the headers, and the fields for a decision.

Plain HTML without JavaScript. `origin_check` rejects forms from other sites.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from werkzeug import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..state.service_errors import ServiceError

__all__ = ["alert", "decision_fields", "error_page", "page"]

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - local Identity Center</title>
<style>
:root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 24rem; margin: 12vh auto; padding: 0 1rem }}
label {{ display: block; margin-top: 1rem }}
input, select, button {{ font: inherit; padding: .5rem .75rem }}
input, select {{ width: 100%; box-sizing: border-box }}
input {{ font-family: ui-monospace, monospace; letter-spacing: .1em }}
button {{ margin: 1.5rem .5rem 0 0 }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""

_DECISION = """\
<label for="user">Sign in as</label>
<select id="user" name="user">{options}</select>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>"""


def page(title: str, body: str, status: int = 200, *, redirects_to: str = "") -> Response:
    """Return a page.

    :param redirects_to: another origin to which the response to its form may redirect.
    """
    text = _PAGE.format(title=escape(title), body=body)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
            f"form-action 'self' {redirects_to}".rstrip()
        ),
        # With `no-referrer`, browsers send `Origin: null` with our own forms too.
        "Referrer-Policy": "same-origin",
    }
    return Response(text, status=status, headers=headers, mimetype="text/html")


def alert(text: str) -> str:
    """Return a message that screen readers announce at once; an empty text has none."""
    return f'<p role="alert"><strong>{escape(text)}</strong></p>' if text else ""


def decision_fields(users: Iterable[str]) -> str:
    """Return the fields with which a user signs in, and approves or denies."""
    options = "".join(f"<option>{escape(user)}</option>" for user in users)
    return _DECISION.format(options=options)


def error_page(error: ServiceError) -> Response:
    """Return a page with an error."""
    return page("Something went wrong", alert(error.message), error.status)
