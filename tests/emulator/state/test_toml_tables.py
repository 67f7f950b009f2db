"""Values of a TOML table, and the errors for wrong ones."""

from __future__ import annotations

import pytest

from sso_plugin.emulator.state.toml_tables import Table


def test_values_are_returned_by_type() -> None:
    """Strings, lists of strings, whole numbers and booleans."""
    table = Table("accounts[1]", {"name": "a", "users": ["b"], "hops": 2, "head": False})

    assert table.string("name") == "a"
    assert table.strings("users") == ["b"]
    assert table.whole_number("hops", 1) == 2
    assert table.boolean("head", default=True) is False


def test_missing_values_have_defaults() -> None:
    """A list may be empty only by default."""
    table = Table("accounts[1]", {})

    assert table.string("name", "a") == "a"
    assert table.strings("users", []) == []
    assert table.whole_number("hops", 1) == 1
    assert table.boolean("head", default=True) is True


def test_errors_have_the_name_of_the_table() -> None:
    """The root table has no name."""
    with pytest.raises(ValueError, match=r"^accounts\[1\]\.name is missing\.$"):
        Table("accounts[1]", {}).string("name")
    with pytest.raises(ValueError, match=r"^region must be a string, not 1\.$"):
        Table("", {"region": 1}).string("region")


def test_a_boolean_is_not_a_number() -> None:
    """Although bool is a subclass of int."""
    with pytest.raises(ValueError, match=r"^hops must be a whole number from 1, not True\.$"):
        Table("", {"hops": True}).whole_number("hops", 1)


def test_tables_of_an_array_are_numbered_from_one() -> None:
    """So that an error says which one is wrong."""
    tables = Table("", {"roles": [{"name": "a"}, {"name": "b"}]}).tables("roles")

    assert [(table.name, table.string("name")) for table in tables] == [
        ("roles[1]", "a"),
        ("roles[2]", "b"),
    ]
