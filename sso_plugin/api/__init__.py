"""The functions of the package, such as ``login``. Each finds its login, and calls below.

Imported by the package itself, when one of its names is first used.
"""
