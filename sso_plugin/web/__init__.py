"""Addresses, browsers, and the loopback servers that pass a secret to one user only.

`addresses` says which URLs may be opened, `capabilities` whether a browser can be opened here,
`browser` opens a page, `request` sends one HTTP request.
"""
