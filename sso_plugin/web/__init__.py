"""Addresses, browsers, and the loopback servers that hand secrets to one user only."""
