"""A budget on the server of a fleet, with the rules of `RateState` by the server's clock.

Each step is one script, so that many machines take one slot after another without a lock.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from ..storage.network.scripts import Script
from ..storage.network.server_errors import ServerAwayError
from .budget import BURST, MAX_PAUSE, MAX_WAIT, MIN_SHARE, RECOVERY, Slot, pause_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.network.server import Server
    from .budget import Budget

__all__ = ["EPOCH", "RESERVE", "SLOW_DOWN", "NetworkBudget"]

_logger = logging.getLogger(__name__)

_NUMBER = "%.17g"
"""The format of numbers: a number that a script returns would lose its fraction."""

_STATE = f"""
local rate = tonumber(ARGV[1])
local time = redis.call('time')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local held = redis.call('hmget', KEYS[1], 'next_at', 'resume_at', 'share')
local next_at, resume_at, share = tonumber(held[1]), tonumber(held[2]), tonumber(held[3])
if not (next_at and resume_at and share
        and next_at <= now + {MAX_WAIT} + 1 / (rate * {MIN_SHARE})
        and resume_at <= now + {MAX_PAUSE}) then
  next_at, resume_at, share = 0, 0, 1
end
local share_now = math.min(1, share + math.max(0, now - resume_at) / {RECOVERY})

local function text(number)
  return string.format('{_NUMBER}', number)
end

local function save()
  redis.call('hset', KEYS[1],
    'next_at', text(next_at), 'resume_at', text(resume_at), 'share', text(share))
  -- From then on this is the state without a request. A request may still wait, and compare epochs.
  local used = math.max(next_at, resume_at + {RECOVERY}) - now + {MAX_WAIT}
  redis.call('pexpire', KEYS[1], math.ceil(used * 1000))
end
"""
"""Reads the state. One that is further in the future than any request is ignored, as in a file."""

RESERVE = Script(
    "reserve a slot",
    _STATE
    + f"""
local at = math.min(math.max(next_at, now - {BURST}), now + tonumber(ARGV[2]))
next_at = at + 1 / (rate * share_now)
save()
return {{text(at - now), text(resume_at)}}
""",
)
"""If it runs twice because its reply was lost, one slot remains unused."""

EPOCH = Script("read the epoch of the budget", _STATE + "return text(resume_at)\n")

SLOW_DOWN = Script(
    "slow down",
    _STATE
    + f"""
if now < resume_at then
  -- This request was sent before the pause began. It must not halve the rate again.
  return false
end
share = math.max({MIN_SHARE}, share_now / 2)
next_at = now + tonumber(ARGV[2])
resume_at = next_at
save()
return text(rate * share)
""",
)

T = TypeVar("T")


class NetworkBudget:
    """A budget that all machines share which use one server.

    :param key: its key on the server.
    :param rate: in requests per second.
    :param fallback: the budget of this machine, while the server cannot be used.
    """

    def __init__(self, server: Server, key: str, rate: float, fallback: Budget) -> None:
        self._server = server
        self._key = key
        self._rate = rate
        self._fallback = fallback
        self._is_away = False

    def reserve(self, within: float) -> Slot:
        """See `Budget`."""

        def read(reply: Any) -> Slot:
            wait, epoch = reply
            return Slot(float(wait), float(epoch))

        return self._call(RESERVE, read, lambda: self._fallback.reserve(within), within)

    def epoch(self) -> float:
        """See `Budget`."""
        return self._call(EPOCH, float, self._fallback.epoch)

    def slow_down(self, retry_after: float | None = None) -> None:
        """See `Budget`."""

        def log(rate: Any) -> None:
            if rate is not None:
                _logger.debug("Throttled (429): now %.2f requests per second", float(rate))

        pause = pause_after(retry_after)
        self._call(SLOW_DOWN, log, lambda: self._fallback.slow_down(retry_after), pause)

    def _call(
        self,
        script: Script,
        read: Callable[[Any], T],
        instead: Callable[[], T],
        *arguments: float,
    ) -> T:
        """Return what a script returns, as ``read`` reads it.

        :param instead: called if the server cannot be used.
        """
        try:
            reply = self._server.call(script, [self._key], [self._rate, *arguments])
        except ServerAwayError as exc:
            if not self._is_away:
                _logger.debug("This machine sends requests at its own, lower rate: %s", exc)
            self._is_away = True
            return instead()
        self._is_away = False
        return read(reply)
