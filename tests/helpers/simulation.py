"""A fleet in a simulation: many machines that share a login by a server, while much goes wrong.

The machines run the real code of the token source, its renewal, the caches of two levels, their
locks and the budget. Time, the network, the server and the portal are virtual. A seed decides all
that happens, so ``python tests/helpers/simulation.py SEED`` repeats a world, with a log of it.
"""

from __future__ import annotations

import argparse
import email.utils
import functools
import logging
import random
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from virtual_portal import PortalClient, VirtualPortal
from virtual_server import VirtualServer
from virtual_time import Machine, Process, VirtualTime, virtual_modules

from sso_plugin.clock import Clock
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.shared_login import _Timing
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.errors import LoginRequired, SsoPluginError
from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.network_budget import RESERVE, NetworkBudget
from sso_plugin.portal.throttling import wait_for_slot
from sso_plugin.storage import Stores
from sso_plugin.storage.keys import content_identity, token_identity, token_key
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.names import LoginName, Names
from sso_plugin.storage.network.remote import Remote
from sso_plugin.storage.network.server import RedisServer
from sso_plugin.storage.network.server_errors import ServerAwayError
from sso_plugin.storage.network.shared_documents import SHARED_NOTES, SharedDocuments
from sso_plugin.storage.network.shared_tokens import SharedTokens
from sso_plugin.storage.network.store_key import StoreKey
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_plugin.storage.network.scripts import Script

__all__ = ["Failure", "Plan", "World", "simulate"]

KINDS = (
    "pause",
    "pause in renewal",
    "pause in lock",
    "login in renewal",
    "cut",
    "noise",
    "crash",
    "lost machine",
    "server down",
    "server stopped",
    "server emptied",
    "portal down",
    "logout",
    "login",
)
"""What goes wrong."""

START = 1_800_000_000.0
PROFILE = SsoProfile(
    name="dev",
    start_url="https://example.awsapps.com/start",
    region="eu-central-1",
    session_name="corp",
)
NAME = LoginName(PROFILE.region, PROFILE.start_url, PROFILE.session_name)
TOKEN = token_key(PROFILE)
TIMEOUT = 1.0
"""Seconds after which a client no longer waits for the server."""


class Failure(AssertionError):
    """A promise was broken."""


@dataclass(frozen=True)
class Plan:
    """What a world is like.

    :param lifetime: of an access token, in seconds.
    :param pause: between two jobs of a process, in seconds, on average.
    :param disturbances: how many there are.
    :param cost: the seconds that the server needs for a script.
    :param late: when all machines but the first start, in lifetimes after the login.
    :param measured: how many lifetimes without disturbances are looked at, in the end.
    """

    seed: int
    machines: int
    lifetime: float = 600.0
    lifetimes: float = 6.0
    pause: float = 40.0
    disturbances: int = 12
    processes: float = 1.5
    rate: float = 20.0
    cost: float = 0.0
    offsets: bool = True
    late: float = 0.0
    measured: float = 2.0
    kinds: tuple[str, ...] = KINDS

    @classmethod
    def large(cls, machines: int, seed: int = 0) -> Plan:
        """Return a world whose machines all find an expired token at the same time."""
        return cls(
            seed,
            machines,
            lifetime=300.0,
            lifetimes=2.2,
            pause=150.0,
            disturbances=6,
            processes=1.1,
            cost=25e-6,
            late=1.02,
            measured=1,
            kinds=("pause", "pause in renewal", "cut", "crash", "server stopped", "login"),
        )


class Network:
    """The way from all machines to the server."""

    def __init__(self, virtual: VirtualTime, rng: random.Random, cost: float) -> None:
        self.virtual = virtual
        self.rng = rng
        self.cost = cost
        self.server_offset = rng.uniform(-3600, 3600)
        self.server = VirtualServer(lambda: virtual.now + self.server_offset)
        self.cut: dict[Machine, float] = {}
        self.noisy_until = 0.0
        self.down_until = 0.0
        self.stopped_until = 0.0
        self.emptied_at = 0.0
        self.calls = 0
        self.slots: list[float] = []
        """When requests to the portal may be sent."""
        self.on_script: Callable[[Process, Script, Any], object] = lambda *_: None
        self.timeouts = 0
        self._free_at = 0.0

    def is_away(self, machine: Machine) -> bool:
        """Return whether requests of a machine may fail now."""
        now = self.virtual.now
        until = max(self.noisy_until, self.down_until, self.stopped_until)
        return now < max(until, self.cut.get(machine, 0.0))

    def send(self, machine: Machine, request: Callable[[], Any]) -> Any:
        """Return the reply to a request.

        :raises ServerAwayError: without one. The request may have been served, or be served later.
        """
        now, rng = self.virtual.now, self.rng
        if now < self.down_until:
            self.virtual.sleep(0.001)
            raise ServerAwayError("the store cannot be reached", "unreachable")
        there, back = rng.uniform(0.0002, 0.002), rng.uniform(0.0002, 0.002)
        is_noisy = now < self.noisy_until
        fate = rng.random() if is_noisy else 1.0
        if is_noisy:
            there, back = there + rng.expovariate(4), back + rng.expovariate(4)
        if fate < 0.1:
            # It is served when its client does not wait any more.
            there += rng.uniform(1, 10)
        replies: list[Any] = []
        if not (0.1 <= fate < 0.2 or now < self.cut.get(machine, 0.0)):
            self._serve_at(now + there, machine, lambda: replies.append(request()))
        self.virtual.sleep(min(there + back, TIMEOUT))
        lost = 0.2 <= fate < 0.3 or self.virtual.now < self.cut.get(machine, 0.0)
        if not replies or lost:
            self.virtual.sleep(max(0.0, now + TIMEOUT - self.virtual.now))
            if not replies or lost:
                self.timeouts += 1
                raise ServerAwayError("the store does not respond", "timeout")
        if isinstance(replies[0], Exception):
            raise replies[0]
        return replies[0]

    def _serve_at(self, moment: float, machine: Machine, request: Callable[[], object]) -> None:
        def serve() -> None:
            now = self.virtual.now
            if now < self.stopped_until:
                self.virtual.at(self.stopped_until, serve)
                return
            if now < self.down_until or now < self.cut.get(machine, 0.0):
                return
            if self.cost and self._free_at > now:
                self.virtual.at(self._free_at, serve)
                return
            self._free_at = now + self.cost
            self.calls += 1
            request()

        self.virtual.at(moment, serve)


class Link(RedisServer):
    """The client of one process: the real one, up to where it would use the network."""

    def __init__(self, network: Network, process: Process) -> None:
        super().__init__(Any, network.virtual.monotonic)  # type: ignore[arg-type]  # no address
        self._network = network
        self._process = process

    def _send(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | bytes | float]
    ) -> Any:
        network = self._network

        def serve() -> Any:
            reply = network.server.call(script, keys, arguments)
            # A request that would wait longer than a minute is sent nevertheless.
            if script is RESERVE and float(reply[0]) < float(arguments[1]) - 1e-3:
                network.slots.append(network.virtual.now + max(0.0, float(reply[0])))
            network.on_script(self._process, script, reply)
            return reply

        return network.send(self._process.machine, serve)

    def describe(self) -> str:
        return "the store virtual://"


class OpenKey(StoreKey):
    """A key that encrypts nothing: a simulation is about the order of events."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._fixed = FixedNames(b"key", NAME)

    @property
    def sealing(self) -> Any:
        """See `StoreKey`."""
        return self

    def names(self) -> Names:
        """See `StoreKey`."""
        return self._fixed

    def seal(self, name: str, document: dict[str, Any], _: str) -> dict[str, Any]:
        """See `Sealing`."""
        return {"name": name, "document": document}

    def open(self, name: str, sealed: dict[str, Any]) -> dict[str, Any]:
        """See `Sealing`."""
        assert sealed["name"] == name
        found: dict[str, Any] = sealed["document"]
        return found

    def why_no_key(self) -> None:
        """See `Sealing`."""


class FixedNames(Names):
    """Names that are computed once."""

    @functools.cache  # noqa: B019 - there is one for each world
    def of(self, kind: str, key: str = "") -> str:
        """See `Names`."""
        return super().of(kind, key)


class Host(Machine):
    """A machine with files."""

    def __init__(self, name: str, offset: float) -> None:
        super().__init__(name, offset)
        self.has_lost_files()
        self.processes: list[Worker] = []
        self.restarts = 0

    def has_lost_files(self) -> None:
        """Begin with an empty disk."""
        self.tokens = MemoryCache(identify=token_identity)
        self.own = MemoryCache(identify=content_identity)

    def has_crashed(self) -> None:
        """Release all locks: no process has them."""
        for files in (self.tokens, self.own):
            files._locks.clear()

    @property
    def token(self) -> str:
        """The access token in its files."""
        entry = self.tokens.get(TOKEN)
        return str(entry.document["accessToken"]) if entry else ""


class HostStores(Stores):
    """Where the documents of a process are."""

    def __init__(self, host: Host, link: Link, key: StoreKey, clock: Clock) -> None:
        super().__init__(Options())
        remote = Remote(link, key, _Timing(clock))
        self.server = link
        self.tokens = SharedTokens(host.tokens, remote, TOKEN)
        self.own = SharedDocuments(host.own, remote, "notes", SHARED_NOTES)
        self.roles = self.codes = self.rates = self.local = MemoryCache()


class Worker(Process):
    """A process that uses the login again and again."""

    def __init__(self, world: World, host: Host, name: str) -> None:
        super().__init__(host, name)
        self.world = world
        self.host = host
        virtual = world.virtual
        clock = Clock(virtual.wall, virtual.monotonic)
        self.link = Link(world.network, self)
        stores = HostStores(host, self.link, world.key, clock)
        self.portal = PortalClient(world.portal, self, clock)
        connect: Any = lambda: self.portal  # noqa: E731 - of a type that is not `Portal`
        self.login = Login(PROFILE, connect, clock, stores)
        self.source = TokenSource(self.login)
        fallback = CacheBudget("budget", world.plan.rate / 10, stores.rates, now=virtual.wall)
        self.budget = NetworkBudget(
            self.link, world.key.names().of_portal("budget"), world.plan.rate, fallback
        )

    def use(self) -> None:
        """Send a request with the login, and wait for its slot."""
        world = self.world
        lists = world.rng.random() < 0.2

        def send(token: AccessToken) -> None:
            if lists:
                wait_for_slot(self.budget, world.virtual.monotonic, world.virtual.sleep)
                self.portal.list_accounts(token.value)
            elif not world.portal.accepts(token.value):
                self.portal.list_accounts(token.value)

        try:
            self.source.use(send, attended=False)
        except SsoPluginError as exc:
            world.failed(self, exc)
        else:
            world.succeeded(self)

    def log_in(self) -> None:
        """Do what a person does by `sso-plugin login`."""
        grant = self.world.portal.log_in()
        client = {
            "clientId": "client",
            "clientSecret": "secret",
            "registrationExpiresAt": format_timestamp(START + 90 * 86400),
        }
        clock = self.login.clock
        clock.observe(email.utils.formatdate(self.world.virtual.now, usegmt=True))
        token = AccessToken.granted(grant, PROFILE, client, clock.now())
        TokenFile(self.login).begin_login(token)

    def log_out(self) -> None:
        """Do what a person does by `sso-plugin logout`."""
        self.world.logged_out_at = 0.0
        self.login.pull()
        token = self.source.file.load()
        if token is not None:
            self.portal.logout(token.value)
        self.world.portal.login = -abs(self.world.portal.login)
        if self.login.stores.tokens.end(TOKEN, quiet=True) is None:
            self.world.logged_out_at = self.world.virtual.now
        self.source.file.index.clear()


@dataclass
class Counts:
    """What happened in a world."""

    jobs: int = 0
    renewals: int = 0
    early: int = 0
    """Renewals of a token that was not due."""
    scripts: int = 0
    timeouts: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    disturbances: list[str] = field(default_factory=list)


class World:
    """A fleet, and what goes wrong in it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rng = random.Random(plan.seed)  # noqa: S311 - no secret
        self.virtual = VirtualTime(START)
        self.network = Network(self.virtual, random.Random(plan.seed + 1), plan.cost)  # noqa: S311 - no secret
        self.portal = VirtualPortal(self.virtual, random.Random(plan.seed + 2), plan.lifetime)  # noqa: S311 - no secret
        self.key = OpenKey()
        self.counts = Counts()
        self.log: Callable[[str], object] = lambda _: None
        self.calm_from = START + plan.lifetimes * plan.lifetime
        self.hosts = [Host(f"host{i}", self._offset()) for i in range(plan.machines)]
        self.logged_out_at = 0.0
        self.is_person_busy = False
        self.portal.on_rotation = self._rotated
        self.network.on_script = self._ran
        self.pauses_in_renewal: list[float] = []
        self.pauses_in_lock: list[float] = []
        self.logins_in_renewal = 0
        self.holder: Process | None = None
        self.newest = (0, 0.0)
        """The generation and the expiry of the newest token that the server ever had."""
        self.virtual.after_event = self._check

    def _offset(self) -> float:
        if not self.plan.offsets or self.rng.random() < 0.6:
            return self.rng.uniform(-1, 1)
        return self.rng.uniform(-7200, 36000)

    def run(self) -> Counts:
        """Run the world to its end.

        :raises Failure: if a promise was broken.
        """
        try:
            with virtual_modules(self.virtual, self.network.rng):
                self._run()
        finally:
            for host in self.hosts:
                for process in host.processes:
                    self.virtual.kill(process)
        return self.counts

    def _run(self) -> None:
        virtual, plan = self.virtual, self.plan
        first = Worker(self, self.hosts[0], "first person")
        virtual.start(START, first, first.log_in)
        late = plan.late * plan.lifetime
        for host in self.hosts:
            moment = START + late + self.rng.uniform(0, 2 if late else 30)
            virtual.at(moment, partial(self._start_workers, host))
        for _ in range(plan.disturbances):
            moment = self.rng.uniform(START + late + 60, self.calm_from - 200)
            virtual.at(moment, self._disturb)
        virtual.run(self.calm_from)
        if self.portal.login < 0:
            self._person(lambda worker: worker.log_in())
        # What was disturbed has one lifetime to come to rest.
        virtual.run(self.calm_from + plan.lifetime)
        self.counts.errors.clear()
        created = len(self.portal.created)
        virtual.run(virtual.now + plan.measured * plan.lifetime)
        self._check_calm(len(self.portal.created) - created)
        self._check_budget()
        self._count()

    def _start_workers(self, host: Host) -> None:
        number = int(self.plan.processes)
        number += self.rng.random() < self.plan.processes - number
        host.restarts += 1
        host.processes = [
            Worker(self, host, f"{host.name}.{i}.{host.restarts}") for i in range(max(1, number))
        ]
        for worker in host.processes:
            self._next_job(worker, self.rng.uniform(0, 1 if self.plan.late else self.plan.pause))

    def _next_job(self, worker: Worker, pause: float) -> None:
        def job() -> None:
            worker.use()
            self.counts.jobs += 1
            self._next_job(worker, self.rng.expovariate(1 / self.plan.pause))

        self.virtual.start(self.virtual.now + pause, worker, job)

    # What goes wrong

    def _disturb(self) -> None:
        kind = self.rng.choice(self.plan.kinds)
        if getattr(self, f"_{kind.replace(' ', '_')}")():
            self.counts.disturbances.append(f"{self.virtual.now - START:.1f} {kind}")
            self.log(f"disturbance: {kind}")

    def _until(self, least: float, most: float) -> float:
        return self.virtual.now + self.rng.uniform(least, most)

    def _pause(self) -> bool:
        host = self.rng.choice(self.hosts)
        host.paused_until = self._until(1, 55)
        self.log(f"{host.name} is paused for {host.paused_until - self.virtual.now:.1f} s")
        return True

    def _pause_in_renewal(self) -> bool:
        self.pauses_in_renewal.append(self.rng.uniform(5, 50))
        return True

    def _login_in_renewal(self) -> bool:
        self.logins_in_renewal += 1
        return self._pause_in_renewal()

    def _pause_in_lock(self) -> bool:
        self.pauses_in_lock.append(self.rng.uniform(11, 50))
        return True

    def _ran(self, process: Process, script: Script, reply: Any) -> None:
        if script.name == "acquire":
            self.holder = process if reply[0] else self.holder
        elif script.name == "read token" and process is self.holder and self.pauses_in_lock:
            # The machine has the lock, and gets this reply when the lock may have ended.
            seconds = self.pauses_in_lock.pop()
            process.machine.paused_until = self.virtual.now + seconds
            self.log(f"{process.machine.name} is paused for {seconds:.1f} s")
        elif script.name in ("write token", "end token", "offer token"):
            self._check_order(process)

    def _check_order(self, process: Process) -> None:
        """Check that a newer token is not replaced by an older one."""
        _, record = self.network.server.show(self.key.names().of("tokens", TOKEN))
        if isinstance(record, dict):
            generation, expiry = int(record[b"g"]), float(record.get(b"exp", b"inf"))
            if (generation, expiry) < self.newest:
                raise Failure(f"{process.name} replaced a newer token by an older one")
            self.newest = generation, expiry

    def _rotated(self, process: Process) -> None:
        self.log(f"CreateToken by {process.name}: {self.portal.newest}")
        if self.logins_in_renewal:
            self.logins_in_renewal -= 1
            self.virtual.at(self.virtual.now + 2, self._login)
        if self.pauses_in_renewal:
            seconds = self.pauses_in_renewal.pop()
            process.machine.paused_until = self.virtual.now + seconds
            self.log(f"{process.machine.name} is paused for {seconds:.1f} s")

    def _cut(self) -> bool:
        until = self._until(2, 120)
        # Not the only machine with the newest token: nothing else could then know of it in time.
        is_stored = self._survives([])
        hosts = [each for each in self.hosts if is_stored or each.token != self.portal.newest]
        hosts = [each for each in hosts if each.paused_until < self.virtual.now]
        hosts = self.rng.sample(hosts, self.rng.randint(0, len(hosts) // 2))
        self.network.cut.update(dict.fromkeys(hosts, until))
        names = " ".join(host.name for host in hosts)
        self.log(f"{names} cannot reach the server for {until - self.virtual.now:.1f} s")
        return True

    def _noise(self) -> bool:
        self.network.noisy_until = self._until(10, 120)
        return True

    def _crash(self) -> bool:
        return self._restart(self.rng.choice(self.hosts), loses_files=False)

    def _lost_machine(self) -> bool:
        return self._restart(self.rng.choice(self.hosts), loses_files=True)

    def _restart(self, host: Host, *, loses_files: bool) -> bool:
        left = [each for each in self.hosts if each is not host or not loses_files]
        if not host.processes or not self._survives(left) or self.is_person_busy:
            return False
        for process in host.processes:
            self.virtual.kill(process)
        host.has_crashed()
        host.processes = []
        if loses_files:
            host.has_lost_files()
        self.log(f"{host.name} restarts {'without' if loses_files else 'with'} its files")
        self.virtual.at(self._until(1, 30), lambda: self._start_workers(host))
        return True

    def _server_down(self) -> bool:
        self.network.down_until = self._until(1, 60)
        return True

    def _server_stopped(self) -> bool:
        self.network.stopped_until = self._until(0.5, 20)
        return True

    def _server_emptied(self) -> bool:
        if self.portal.login < 0 or not self._survives(self.hosts, with_server=False):
            return False
        self.network.server.clear()
        self.newest = (0, 0.0)
        self.network.emptied_at = self.virtual.now
        return True

    def _portal_down(self) -> bool:
        self.portal.down_until = self._until(1, 60)
        return True

    def _logout(self) -> bool:
        if self.rng.random() < 0.5 or self.portal.login < 0:
            return False
        return self._person(lambda worker: worker.log_out())

    def _login(self) -> bool:
        return self._person(lambda worker: worker.log_in())

    def _person(self, do: Callable[[Worker], object]) -> bool:
        hosts = [host for host in self.hosts if host.processes]
        hosts = [host for host in hosts if not self.network.is_away(host)]
        if self.is_person_busy or not hosts:
            return False
        host = self.rng.choice(hosts)
        person = Worker(self, host, f"person.{self.virtual.events}")
        host.processes.append(person)
        self.is_person_busy = True

        def act() -> None:
            try:
                do(person)
                self.log(f"{person.name} on {host.name}: login {self.portal.login}")
            except SsoPluginError as exc:
                self.log(f"{person.name}: {exc}")
            self.is_person_busy = False

        self.virtual.start(self.virtual.now, person, act)
        return True

    def _survives(self, hosts: list[Host], *, with_server: bool = True) -> bool:
        """Return whether the newest token is on one of the hosts, or on the server."""
        newest = self.portal.newest
        if any(host.token == newest for host in hosts):
            return True
        return with_server and self._server_token() == token_identity({"accessToken": newest})

    # What must be true

    def _server_token(self) -> str | None:
        _, record = self.network.server.show(self.key.names().of("tokens", TOKEN))
        found = record.get(b"id") if isinstance(record, dict) else None
        return found.decode() if found else None

    def failed(self, worker: Worker, exc: SsoPluginError) -> None:
        """Note that a job failed."""
        name = type(exc).__name__
        self.counts.errors[name] = self.counts.errors.get(name, 0) + 1
        self.log(f"{worker.name}: {name}: {exc}")
        is_kept = self._server_token() or not self.network.emptied_at
        needless = isinstance(exc, LoginRequired) and self.portal.login > 0 and is_kept
        if needless and not self.is_person_busy and self.virtual.now > START + 60:
            raise Failure(f"{worker.name} needs a login, although there is one: {exc}")

    def succeeded(self, worker: Worker) -> None:
        """Note that a job succeeded."""

    def _check(self) -> None:
        if self.portal.mistakes:
            raise Failure(self.portal.mistakes[0])
        has_ended = self.portal.login < 0 and self.logged_out_at > self.network.emptied_at
        if has_ended and self._server_token():
            raise Failure("a login was brought back after its logout")

    def _check_calm(self, created: int) -> None:
        if self.counts.errors:
            raise Failure(f"jobs fail although nothing is disturbed: {self.counts.errors}")
        for host in self.hosts:
            login = self.portal.login_of(host.token)
            if login != self.portal.login:
                raise Failure(f"{host.name} has login {login}, not {self.portal.login}")
        expected = self.plan.measured / 0.75
        if not expected - 1 <= created <= expected + 1:
            raise Failure(f"{created} renewals in {self.plan.measured} lifetimes")

    def _check_budget(self) -> None:
        """Check that no second has more slots than the rate allows, with those of the burst."""
        most, slots = int(self.plan.rate * 1.1) + 1, sorted(self.network.slots)
        for first, last in zip(slots, slots[most:], strict=False):
            if last - first < 1 - 1e-3 and not first - 2 < self.network.emptied_at < last + 60:
                raise Failure(f"more than {most} requests in the second from {first - START:.1f}")

    def _count(self) -> None:
        counts, created = self.counts, self.portal.created
        counts.renewals = len(created)
        counts.scripts, counts.timeouts = self.network.calls, self.network.timeouts
        due = 0.7 * self.plan.lifetime
        counts.early = sum(
            login == before and moment - last < due
            for (last, before, _), (moment, login, _) in pairwise(created)
        )
        if counts.early > len(counts.disturbances):
            raise Failure(f"{counts.early} renewals of tokens that were not due")


def plan_of(seed: int) -> Plan:
    """Return a small world."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    machines, disturbances = rng.randint(4, 14), rng.randint(0, 20)
    return Plan(seed, machines, disturbances=disturbances, lifetimes=5, measured=1)


def simulate(plan: Plan, log: Callable[[str], object] | None = None) -> Counts:
    """Run a world.

    :raises Failure: if a promise was broken. Its text says how to repeat it.
    """
    world = World(plan)
    if log is not None:
        world.log = lambda text: log(f"{world.virtual.now - START:9.3f} {text}")
    try:
        return world.run()
    except Failure as exc:
        repeat = f"python tests/helpers/simulation.py {plan.seed}"
        done = ", ".join(world.counts.disturbances)
        raise Failure(f"{exc}\n({repeat}; disturbances: {done})") from None


def main() -> None:
    """Run worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--machines", type=int, help="a large world, and how many are in it")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    for seed in arguments.seeds:
        began = time.perf_counter()
        if arguments.machines:
            counts = simulate(Plan.large(arguments.machines, seed))
        else:
            counts = simulate(plan_of(seed), print)
        print(f"{counts}\nin {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
