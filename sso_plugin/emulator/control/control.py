"""Control over HTTP under /_emulator/, for tests whose emulator runs in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import access, faults, state

if TYPE_CHECKING:
    from ..http.web import Route

ROUTES: tuple[Route, ...] = (
    *state.ROUTES,
    *access.ROUTES,
    *faults.ROUTES,
)
