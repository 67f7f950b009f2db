"""The commands of ``sso-plugin`` without their command line, and so without click and rich.

Commands that only call a function of the public API are not here. Only `cli` imports this package.
"""
