"""The caches: one JSON document per key, in the AWS CLI's folders and in our own.

`cache` is the contract, with an implementation in memory. `file_cache` implements it with files,
and `keys` names all of them. `reading` reads a file if `trust` and `modes` show that no other user
could have changed it. `writing` replaces a file in one step, in a `folder` that is opened once.
`links` resolves the links on the way to it. `locks` are locks between processes, and `waiting`
knows which threads wait for one. `unwritable` explains why a file cannot be written. Nothing here
depends on what a document contains.
"""
