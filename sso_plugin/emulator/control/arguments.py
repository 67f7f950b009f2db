"""What the control modules share: arguments that are checked, and routes under /_emulator/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..http.web import Handler, Operation, Route, json_object, json_response
from ..state.errors import ServiceError

if TYPE_CHECKING:
    from werkzeug import Request, Response

    from ..state.emulator_state import State


def routes(*handlers: tuple[str, str, Handler]) -> tuple[Route, ...]:
    """Make routes of methods, names and handlers."""
    return tuple(
        (method, f"/_emulator/{name}", _operation(handle)) for method, name, handle in handlers
    )


def done() -> Response:
    """Answer that all went well."""
    return json_response({})


def arguments(
    request: Request, *, optional: set[str] | frozenset[str] = frozenset(), **kinds: type
) -> dict[str, Any]:
    """Return the arguments in the body, if their names and types are as the handler says."""
    body = json_object(request)
    check(body, optional=optional, **kinds)
    return body


def check(
    given: dict[str, Any], *, optional: set[str] | frozenset[str] = frozenset(), **kinds: type
) -> None:
    """Refuse arguments that lack one, or have one of another name or type."""
    for name in kinds.keys() - optional - given.keys():
        raise ValueError(f"Argument {name!r} is missing.")

    for name, value in given.items():
        if name not in kinds:
            raise ValueError(f"There is no argument {name!r}; choose from {', '.join(kinds)}.")

        _check_type(name, value, kinds[name])


def _check_type(name: str, value: object, kind: type) -> None:
    accepted = (int, float) if kind is float else kind
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise ValueError(f"Argument {name!r} must be of type {kind.__name__}.")  # noqa: TRY004 - answered with 400


def _refuse(error: ServiceError) -> Response:
    return json_response({"message": error.message}, error.status)


def _operation(handle: Handler) -> Operation:
    """Make an operation that tells the caller what was wrong with the arguments."""

    def checked(state: State, request: Request) -> Response:
        try:
            return handle(state, request)
        except (LookupError, ValueError) as error:
            raise ServiceError("InvalidRequestException", str(error)) from error

    return Operation(f"_emulator{handle.__name__}", checked, _refuse, logged=False)
