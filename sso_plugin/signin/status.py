"""The status of a login: a value that a program reads, and a table in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..printable import clean
from ..timestamps import clock_time
from .markup import table

__all__ = ["Status"]


@dataclass(frozen=True)
class Status:
    """Whether a login is valid, and until when.

    :param subject: what the status is about, such as ``The profile "dev"``.
    :param state: ``usable``; ``renewable``, which needs no login; or ``login needed``.
    :param expires_at: when the access token expires, in epoch seconds; None without a token.
    :param renewable_until: until when the token can be renewed without a login. The portal may
        revoke it earlier. None if it cannot be renewed.
    :param token_file: the path of the token file.
    :param login_command: the command that logs in.
    :param fault: why the token file cannot be used; None if it can, or is missing.
    :param not_stored: why other processes cannot find or read the token of this process; None if
        they can.
    :param store_fault: why the store of ``sso_store`` cannot be used, so that this is the state of
        this machine only; None if it can, or there is none.
    """

    subject: str
    start_url: str
    region: str
    session_name: str | None
    state: str
    expires_at: float | None
    renewable_until: float | None
    token_file: str
    login_command: str
    fault: str | None = None
    not_stored: str | None = None
    store_fault: str | None = None

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return table(self._rows())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001 - IPython's
        """Print what IPython shows where it shows no HTML."""
        printer.text("\n".join(f"{name}: {clean(text)}" for name, text in self._rows().items()))

    def _rows(self) -> dict[str, str]:
        times = {"Expires": self.expires_at, "Renewable until": self.renewable_until}
        rows = {
            "Login of": self.subject,
            "State": self.state,
            **{name: "" if when is None else clock_time(when) for name, when in times.items()},
            "sso-session": self.session_name or "",
            "Start URL": self.start_url,
            "Problem": self.fault or self.not_stored or self.store_fault or "",
            "To log in": self.login_command if self.state == "login needed" else "",
        }
        return {name: text for name, text in rows.items() if text}
