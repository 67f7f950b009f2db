"""A time that passes only when nothing can happen before: thousands of processes in one thread.

Each process of a simulation runs real code in a greenlet. Where that code sleeps, waits for a lock
or for a reply, the next event of any process happens. The same seed gives the same events.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import sys
import time
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from sso_plugin.storage import waiting

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

__all__ = ["Killed", "Machine", "Process", "VirtualTime", "virtual_modules"]


class _OfGreenlet:
    """Like `threading.local`, but each greenlet is a thread."""

    def __getattr__(self, name: str) -> Any:
        try:
            return vars(greenlet.getcurrent())[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        vars(greenlet.getcurrent())[name] = value


# For good: greenlets that were killed end their contexts when they are collected.
waiting._this_thread = _OfGreenlet()  # type: ignore[assignment]


class Killed(BaseException):
    """Ends what a process does at this moment, as SIGKILL does: no code of it runs after that."""


class Machine:
    """What all processes of a machine have in common.

    :param offset: by how many seconds its wall clock is ahead.
    """

    def __init__(self, name: str, offset: float = 0.0) -> None:
        self.name = name
        self.offset = offset
        self.paused_until = 0.0


class Process:
    """A process, which does several things one after another, and some at the same time."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.is_alive = True
        self.greenlets: set[Any] = set()


class VirtualTime:
    """The events of a simulation, in the order of their times."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.current: Process | None = None
        self.after_event: Callable[[], object] = lambda: None
        """Called after each event."""
        self.events = 0
        self._queue: list[tuple[float, int, Process | None, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._hub = greenlet.getcurrent()

    def at(self, moment: float, do: Callable[[], object], process: Process | None = None) -> None:
        """Call a function at a moment.

        :param process: the one that does it: not if it is killed before, and later if it is paused.
        """
        heapq.heappush(self._queue, (max(moment, self.now), next(self._numbers), process, do))

    def start(self, moment: float, process: Process, run: Callable[[], object]) -> None:
        """Begin something in a process at a moment."""

        def begin() -> None:
            def body() -> None:
                with contextlib.suppress(Killed):
                    run()
                process.greenlets.discard(started)

            started = greenlet(body, self._hub)
            process.greenlets.add(started)
            started.switch()

        self.at(moment, begin, process)

    def sleep(self, seconds: float) -> None:
        """Let others run for a time."""
        process = self.current
        assert process is not None, "only processes sleep"
        if not process.is_alive:
            raise Killed
        me = greenlet.getcurrent()
        self.at(self.now + seconds, me.switch, process)
        self._hub.switch()
        if not process.is_alive:
            raise Killed

    def kill(self, process: Process) -> None:
        """End a process at once."""
        process.is_alive = False
        before, self.current = self.current, process
        for each in list(process.greenlets):
            if not each.dead and each is not greenlet.getcurrent():
                each.throw(Killed)
        process.greenlets.clear()
        self.current = before

    def run(self, until: float) -> None:
        """Let everything happen that happens before a moment."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            moment, _, process, do = heapq.heappop(queue)
            self.now = moment
            if process is not None:
                if not process.is_alive:
                    continue
                if process.machine.paused_until > moment:
                    self.at(process.machine.paused_until, do, process)
                    continue
            self.current = process
            do()
            self.current = None
            self.events += 1
            self.after_event()
        self.now = max(self.now, until)

    def wall(self) -> float:
        """Return the time of the wall clock of the machine of this process."""
        return self.now + (self.current.machine.offset if self.current else 0.0)

    def monotonic(self) -> float:
        """Return the seconds since the virtual boot of all machines."""
        return self.now


class _TimeModule:
    """What `time` is for the modules of a simulation."""

    def __init__(self, virtual: VirtualTime) -> None:
        self.time = virtual.wall
        self.monotonic = virtual.monotonic
        self.perf_counter = virtual.monotonic
        self.sleep = virtual.sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class _Lock:
    """A lock between threads and processes of a machine."""

    def __init__(self, virtual: VirtualTime) -> None:
        self._virtual = virtual
        self._is_held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        """See `threading.Lock`."""
        deadline = self._virtual.now + timeout if timeout >= 0 else float("inf")
        while self._is_held:
            left = deadline - self._virtual.now
            if not blocking or left <= 0:
                return False
            self._virtual.sleep(min(0.05, left))
        self._is_held = True
        return True

    def release(self) -> None:
        """See `threading.Lock`."""
        self._is_held = False

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class _ThreadingModule:
    def __init__(self, virtual: VirtualTime) -> None:
        self.Lock = lambda: _Lock(virtual)


class _Heartbeat:
    """See `storage.network.heartbeat.Heartbeat`."""

    def __init__(self, virtual: VirtualTime, beat: Callable[[], object], interval: float) -> None:
        self._virtual = virtual
        self._beat = beat
        self._interval = interval
        self._is_stopped = False

    def start(self) -> None:
        process = self._virtual.current
        assert process is not None

        def run() -> None:
            if not self._is_stopped:
                self._beat()
                self.start()

        def begin() -> None:
            if not self._is_stopped:
                assert process is not None
                self._virtual.start(self._virtual.now, process, run)

        self._virtual.at(self._virtual.now + self._interval, begin, process)

    def stop(self) -> None:
        self._is_stopped = True


@contextlib.contextmanager
def virtual_modules(virtual: VirtualTime, rng: random.Random) -> Iterator[None]:
    """Give our modules a virtual time, locks without threads, and seeded chance."""
    from sso_plugin.storage import memory_cache
    from sso_plugin.storage.network import heartbeat as heartbeats
    from sso_plugin.storage.network import network_cache

    def owner(_: int) -> str:
        assert virtual.current is not None
        return f"{virtual.current.name} process 1 {id(virtual.current):x}"

    def heartbeat(beat: Callable[[], object], interval: float) -> _Heartbeat:
        return _Heartbeat(virtual, beat, interval)

    changes: list[tuple[Any, str, Any]] = [
        (memory_cache, "threading", _ThreadingModule(virtual)),
        # A log of a simulation has no secrets.
        (memory_cache, "conceal", lambda document: document),
        (network_cache, "owner_of", owner),
        (network_cache, "random", rng),
    ]
    others = {"time": (time, _TimeModule(virtual)), "Heartbeat": (heartbeats.Heartbeat, heartbeat)}
    for module, each in list(sys.modules.items()):
        if module.startswith("sso_plugin."):
            changes += [
                (each, name, value)
                for name, (real, value) in others.items()
                if getattr(each, name, None) is real
            ]
    before = [(place, name, getattr(place, name)) for place, name, _ in changes]
    try:
        for place, name, value in changes:
            setattr(place, name, value)
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)
