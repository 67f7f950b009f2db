"""All routes under /_emulator/, for tests whose emulator runs in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import access_routes, fault_routes, log_routes, settings_routes

if TYPE_CHECKING:
    from ..http.operation import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *log_routes.ROUTES,
    *settings_routes.ROUTES,
    *access_routes.ROUTES,
    *fault_routes.ROUTES,
)
