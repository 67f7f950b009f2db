"""Addresses, browsers, and the loopback servers that pass a secret to one user only.

`addresses` says which URLs may be opened, `capabilities` whether a browser can be opened here,
`browser` opens a page, `request` sends one HTTP request. `loopback` is the server on this machine,
`one_time_redirect` passes a URL with a secret to the browser through it, `peers` says which user
is at the other end of a connection.
"""
