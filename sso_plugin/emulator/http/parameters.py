"""Parameters of a request, in the query or in the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state.service_errors import ServiceError

if TYPE_CHECKING:
    from werkzeug import Request

__all__ = ["required_parameter", "seconds_parameter"]


def required_parameter(request: Request, name: str, code: str) -> str:
    """Return a parameter.

    :param code: the code of the error that is raised if it is missing or empty.
    """
    value = request.values.get(name)
    if not value:
        raise ServiceError(code, f"Missing parameter {name}")

    return value


def seconds_parameter(request: Request, name: str, code: str, *, default: int) -> int:
    """Return a number of seconds.

    :param code: the code of the error that is raised if it is not a whole number.
    """
    text = request.values.get(name, str(default))
    if not text.isdecimal():
        raise ServiceError(code, f"{name} must be a number")

    return int(text)
