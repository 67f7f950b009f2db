"""Control over HTTP under /_emulator/, for tests whose emulator runs in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import control_access, control_faults, control_state

if TYPE_CHECKING:
    from .web import Route

ROUTES: tuple[Route, ...] = (
    *control_state.ROUTES,
    *control_access.ROUTES,
    *control_faults.ROUTES,
)
