"""What stands behind the commands of ``sso-plugin``, without click and rich.

A command with one function of the public API has nothing here. Imported by `cli` only.
"""
