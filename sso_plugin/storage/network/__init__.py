"""Documents on a server that many machines use: Valkey or Redis.

`shared_documents` and `shared_tokens` are the caches. Both keep a copy of each document on this
machine, where a warm start reads it; they share `network_cache`, and `lease` is their lock.
`remote` stores sealed documents on the `server` by the `scripts`, under the `names` of a login.
`note` says in the copy of a token which version the server had. Imported only for a profile with
``sso_store``; `server` imports the package that connects when the first request is sent.
"""
