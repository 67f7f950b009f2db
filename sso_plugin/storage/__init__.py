"""Where documents are stored: one JSON document per key, in the AWS CLI's folders and in our own.

`Stores` says where each kind of document is. `cache` is the contract that each place fulfils:
`memory_cache`, and `file_cache` for the files of a folder of `documents`, which `sealing` may
encrypt. `keys` names all of them. `reading` reads a file if `trust` and `modes` show that no other
user could have changed it. `writing` replaces a file in one step, in a `folder` that is opened
once. `links` resolves the links on the way to it. `locks` are locks between processes, and
`waiting` knows which threads wait for one. `unwritable` explains why a file cannot be written.
Nothing here depends on what a document contains, except for the digest that identifies a token.
"""

from __future__ import annotations

import sys

from .keys import content_identity, token_identity

TYPE_CHECKING = False  # a plain name: `credential_process` imports this, and has to be fast
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from ..config.profile import Options
    from .cache import Cache
    from .documents import DocumentFolder
    from .file_cache import FileCache
    from .network.server import Server
    from .reading import Document
    from .sealing import Sealing

__all__ = ["MadeOnce", "Stores", "local_cache", "sealed_files"]


class MadeOnce:
    """A cache that `Stores` make on first use.

    Before Python 3.12, `functools.cached_property` has a lock, which a fork may copy while it is
    held.
    """

    def __init__(self, make: Callable[[Any], Cache]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, stores: Stores, _: type) -> Cache:
        # If two threads make one at the same time, both use the first.
        made: Cache = vars(stores).setdefault(self._make.__name__, self._make(stores))
        return made


class Stores:
    """Where the documents of a profile are: one cache for each kind. It does not change.

    All but `local` are shared by all processes that use the login, also on other machines.

    :param options: those of the profile.
    :param token_folder: that of a botocore session, with ``~`` if it found no home; None for the
        usual one, which the AWS CLI uses.
    """

    def __init__(self, options: Options, token_folder: str | None = None) -> None:
        self._options = options
        self._home = _Home.find(options.key)
        self._token_folder = self._home.other_folder(token_folder)

    server: Server | None = None
    """What many machines share; None if documents are on this machine only."""

    @MadeOnce
    def tokens(self) -> Cache:
        """Access tokens and client registrations."""
        kind, folder = self._options.token_cache, self._token_folder
        return self._home.cache("sso/cache", "tokens", kind, folder=folder)

    @MadeOnce
    def roles(self) -> Cache:
        """Role credentials."""
        return self._home.cache("cli/cache", "roles", self._options.cache)

    @MadeOnce
    def codes(self) -> Cache:
        """Codes of logins that processes wait for, and tokens that are not saved yet."""
        return self._home.cache("sso-plugin", "codes", self._options.token_cache)

    @MadeOnce
    def own(self) -> Cache:
        """Own notes about logins, roles and portals."""
        return self._home.cache("sso-plugin")

    @MadeOnce
    def rates(self) -> Cache:
        """How fast requests may be sent. It need not survive a power cut."""
        return self._home.cache("sso-plugin", durable=False)

    @MadeOnce
    def local(self) -> Cache:
        """Locks of what a person does on this machine, and what a credential process remembers."""
        return local_cache()

    def name_on_server(self, kind: str) -> str:
        """Return the name of what all logins at a portal share on the server.

        :raises KeyUnavailableError: if there is no key.
        """
        raise NotImplementedError(kind)


def local_cache() -> Cache:
    """Return the cache ``local`` of all `Stores`, for a caller without a profile."""
    return _Home.find().cache("sso-plugin")


def sealed_files(options: Options) -> list[tuple[DocumentFolder, Cache]]:
    """Return each folder of sealed files, and the cache that locks them.

    They exist also if the options of a profile do not use them, but not without a home directory.
    """
    from .file_cache import FileCache

    home = _Home.find(options.key)
    folders = [
        home.folders("sso/cache", "tokens", home.other_folder(None)),
        home.folders("cli/cache", "roles"),
        home.folders("sso-plugin", "codes"),
    ]
    return [(sealed, FileCache(plain)) for plain, sealed in filter(None, folders)]


class _Home:
    """The folders below ``~/.aws``. Without a home directory, documents stay in memory.

    :param aws: that folder.
    :param key: where the key is that documents are sealed with: ``sso_key``.
    """

    def __init__(self, aws: Path | None, key: str) -> None:
        self._aws = aws
        self._key = key

    @classmethod
    def find(cls, key: str = "keyring") -> _Home:
        """Return the home directory that botocore found, else that of this process."""
        from pathlib import Path

        tokens = Path(_token_folder_of_botocore() or "")
        if tokens.parts[-3:] == (".aws", "sso", "cache"):
            return cls(tokens.parents[1], key)
        try:
            return cls(Path.home() / ".aws", key)
        except RuntimeError:
            return cls(None, key)

    def other_folder(self, tokens: str | None) -> Path | None:
        """Return the folder of tokens of a session or of botocore; None for the usual one."""
        from pathlib import Path

        found = tokens if tokens and tokens[0] != "~" else _token_folder_of_botocore()
        usual = self._aws and self._aws / "sso/cache"
        return None if found is None or Path(found) == usual else Path(found)

    def cache(
        self,
        name: str,
        sealed: str | None = None,
        kind: str = "file",
        *,
        folder: Path | None = None,
        durable: bool = True,
    ) -> Cache:
        """Return a cache in files or, without a home directory, in memory.

        :param name: the path of its plain files below ``.aws``.
        :param sealed: the folder of its sealed files; None if it has none.
        :param kind: ``file``, ``sealed`` or ``memory``.
        :param folder: another folder for the plain files.
        """
        from .file_cache import FileCache

        identify = _identify(sealed)
        found = self.folders(name, sealed, folder, durable=durable)
        if found is None:
            return _in_memory(name, identify, why="there is no home directory (set HOME)")
        plain, encrypted = found
        if sealed is None:
            return FileCache(plain)
        if kind == "sealed":
            return FileCache(encrypted, former=plain, locks=plain)
        files = FileCache(plain, former=encrypted)
        return files if kind == "file" else _in_memory(f"{name} in memory", identify, former=files)

    def folders(
        self,
        name: str,
        sealed: str | None,
        folder: Path | None = None,
        *,
        durable: bool = True,
    ) -> tuple[DocumentFolder, DocumentFolder] | None:
        """Return the folders of plain and of sealed files; None without a home directory.

        Parameters are those of `cache`.
        """
        from .documents import DocumentFolder

        def sealing() -> Sealing:
            from .sealing import sealing_of

            # Not the other folder: there is one key, which is created once.
            return sealing_of(self._key, own)

        path, identify = folder or (self._aws and self._aws / name), _identify(sealed)
        if path is None:
            return None
        own = self._aws / "sso-plugin" if self._aws else path
        encrypted = DocumentFolder(
            (folder or own) / "sealed" / (sealed or name), identify=identify, sealing=sealing
        )
        return DocumentFolder(path, durable=durable, identify=identify), encrypted


def _identify(sealed: str | None) -> Callable[[Document], str]:
    return token_identity if sealed == "tokens" else content_identity


def _in_memory(
    name: str,
    identify: Callable[[Document], str],
    *,
    why: str | None = None,
    former: FileCache | None = None,
) -> Cache:
    from .memory_cache import memory_cache

    return memory_cache(name, why, identify=identify, former=former)


def _token_folder_of_botocore() -> str | None:
    """Return the token folder of botocore, which finds the home directory when it is imported.

    None if botocore is not imported, or found no home directory.
    """
    tokens = sys.modules.get("botocore.tokens")
    folder = str(tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR) if tokens else "~"  # noqa: SLF001
    return None if folder[:1] in ("", "~") else folder
