"""Encrypted documents, and where their encryption key comes from.

`sealer` seals and opens documents, in the form of `envelope`, with the keys that `held_keys` has in
memory. A `key_source` is the `environment`, a `key_file` or the `os_keyring`, of which
`keyring_backend` accepts only certain ones; `keyring_errors` explains what went wrong there.
`encryption_key` is one key, and `creation` locks while a key is created. Imported only when a
sealed document is opened or written: it needs packages that the base installation does not have.
"""

from .envelope import identity_of
from .key_source import KeyUnavailableError
from .sealer import Sealing, sealing_of

__all__ = ["KeyUnavailableError", "Sealing", "identity_of", "sealing_of"]
