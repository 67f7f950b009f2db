"""Arguments of control requests, which are checked, and the routes under /_emulator/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..http.json_bodies import json_object, json_response
from ..http.operation import Handler, Operation, Route
from ..state.service_errors import ServiceError

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State

__all__ = ["arguments", "check_arguments", "done", "routes"]


def routes(*handlers: tuple[str, str, Handler]) -> tuple[Route, ...]:
    """Return routes for methods, names below /_emulator/, and handlers."""
    return tuple(
        (method, f"/_emulator/{name}", _operation(handle)) for method, name, handle in handlers
    )


def done() -> Response:
    """Return the response to a request that has no result."""
    return json_response({})


def arguments(
    request: Request, *, optional: set[str] | frozenset[str] = frozenset(), **kinds: type
) -> dict[str, Any]:
    """Return the arguments in the body of a request, after `check_arguments`."""
    body = json_object(request)
    check_arguments(body, optional=optional, **kinds)
    return body


def check_arguments(
    given: dict[str, Any], *, optional: set[str] | frozenset[str] = frozenset(), **kinds: type
) -> None:
    """Check names and types.

    :raises ValueError: if an argument is missing, has an unknown name or a wrong type.
    """
    for name in kinds.keys() - optional - given.keys():
        raise ValueError(f"Argument {name!r} is missing.")

    for name, value in given.items():
        if name not in kinds:
            raise ValueError(f"There is no argument {name!r}. Choose from {', '.join(kinds)}.")

        _check_type(name, value, kinds[name])


def _check_type(name: str, value: object, kind: type) -> None:
    accepted = (int, float) if kind is float else kind
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise ValueError(f"Argument {name!r} must be of type {kind.__name__}.")  # noqa: TRY004 - answered with 400


def _error_response(error: ServiceError) -> Response:
    return json_response({"message": error.message}, error.status)


def _operation(handle: Handler) -> Operation:
    """Return an operation that answers invalid arguments with 400 and the reason."""

    def checked(state: State, request: Request) -> Response:
        try:
            return handle(state, request)
        except (LookupError, ValueError) as exc:
            raise ServiceError("InvalidRequestException", str(exc)) from exc

    return Operation(f"_emulator{handle.__name__}", checked, _error_response, logged=False)
