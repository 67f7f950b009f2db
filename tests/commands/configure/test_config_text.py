"""Changes of the text of a config file: everything but the managed profiles stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.configloader import load_config
from configure_support import (
    BY_HAND,
    NAME_WITH_SECTION,
    NEW_PROFILE,
    is_readable,
    role,
    roles_are,
    with_new_profile,
    write,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sso_plugin import ConfigError
from sso_plugin.commands.config_change import Change
from sso_plugin.commands.config_file import ConfigFile
from sso_plugin.commands.configure.config_text import ConfigText, ProfileText
from sso_plugin.commands.configure.text_diff import unified_diff

if TYPE_CHECKING:
    from pathlib import Path

UNUSUAL = {
    "CRLF": BY_HAND.replace("\n", "\r\n").encode(),
    "no final newline": BY_HAND.rstrip("\n").encode(),
    "ends in a nested section": BY_HAND.rstrip("\n").encode() + b"\n\n\n",
    "Latin-1": BY_HAND.encode() + b"# f\xfcr mich\n",
    "tabs and form feeds": BY_HAND.encode() + b"\t# x\n\x0c\n; y\n\n",
    "empty": b"",
    "only a comment": b"# nothing",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_files_keep_their_text(name: str, tmp_path: Path) -> None:
    """With all line ends, without a last line end, and with bytes that are not UTF-8."""
    path = tmp_path / "config"
    path.write_bytes(UNUSUAL[name])
    file = ConfigFile.at(str(path))
    text = with_new_profile(file.read())
    assert file.path.read_bytes() == UNUSUAL[name]
    if name != "Latin-1":
        assert file.replace(file.read(), text, NEW_PROFILE)
        assert path.read_bytes().startswith(UNUSUAL[name])
        assert load_config(str(path))["profiles"]["new"] == {"sso_session": "corp"}
    after = path.read_bytes()
    assert after.count(b"\r\n") in (0, after.count(b"\n"))


lines = st.sampled_from(
    [
        "", "  ", "# a comment", "; another", "  # indented", "[default]", "[profile a]",
        "[profile b]", '[profile "c d"]', "[sso-session s]", "[services x]", "[preview]", "[odd",
        "region = eu-west-1", "region=x ", "output : json", "s3 =", "  max = 20", "\tpath = yes",
        "  [profile nested]", "empty =", "no value", "key = # no comment", "ключ = ü",
        "[DEFAULT]", "[profile p1]", "sso_session = other",
    ]
)  # fmt: skip

ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])

texts = st.lists(st.tuples(lines, ends), max_size=14).map(
    lambda parts: "".join(line + end for line, end in parts)
)


def with_examples(number: int) -> settings:
    # botocore cannot read many of these files, for example because a section is repeated.
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
    return settings(deadline=None, max_examples=number, suppress_health_check=checks)


@pytest.mark.long
@with_examples(20)
@given(before=texts, after=texts, cut=st.booleans(), data=st.data())
def test_all_other_text_stays(
    tmp_path: Path, *, before: str, after: str, cut: bool, data: st.DataObject
) -> None:
    """Byte by byte, and as botocore reads it, when profiles are added, changed and removed."""
    check_other_text(tmp_path / "config", before.rstrip("\r\n") if cut else before, after, data)


@pytest.mark.long
@with_examples(150)
@given(before=texts, after=texts, cut=st.booleans(), data=st.data())
def test_all_other_text_stays_in_many_files(
    tmp_path: Path, *, before: str, after: str, cut: bool, data: st.DataObject
) -> None:
    """The same, with more examples."""
    check_other_text(tmp_path / "config", before.rstrip("\r\n") if cut else before, after, data)


def check_other_text(path: Path, before: str, after: str, data: st.DataObject) -> None:
    """Add, change and remove profiles in a file, and check that all other text stays."""
    path.write_bytes(before.encode())
    assume(is_readable(path))
    names = [f"p{number}" for number in range(4)]
    assume("p1" not in load_config(str(path))["profiles"])

    file = ConfigFile.at(str(path))
    text = ConfigText.parse(before)
    text.put(ProfileText(name, {"sso_session": "corp"}) for name in names)
    assert text.text.startswith(before)
    path.write_bytes(text.text.encode())
    assume(is_readable(path))

    between = text.text + after
    path.write_bytes(between.encode())
    assume(is_readable(path))
    others = others_in(path, names)
    for _ in range(3):
        text = ConfigText.parse(file.read())
        managed = {name: text.profiles[name] for name in names if name in text.profiles}
        removable = [name for name in managed if not managed[name].has_additions]
        removed = data.draw(st.sets(st.sampled_from(removable))) if removable else set()
        text.remove(removed)
        values = {"sso_session": "corp", "region": data.draw(st.sampled_from("xy"))}
        updated = {
            name: {key: value for key, value in values.items() if profile.may_set(key)}
            for name, profile in managed.items()
            if name not in removed
        }
        text.put(ProfileText(name, values) for name, values in updated.items())
        assert file.replace(file.read(), text.text, Change(removed=removed, updated=updated))
        assert (
            others_in(path, [*managed])
            == {name: value for name, value in others.items() if name not in managed}
            or others_in(path, names) == others
        )
        content = path.read_bytes().decode()
        assert content.startswith(before)
        assert content.endswith(after)


def others_in(path: Path, names: list[str]) -> dict[str, object]:
    """Return what botocore reads, except for the profiles of these names."""
    parsed = load_config(str(path))
    profiles = {name: value for name, value in parsed["profiles"].items() if name not in names}
    return {**parsed, "profiles": repr(profiles)}


@pytest.mark.long
@given(text=texts)
def test_unchanged_text_stays(text: str) -> None:
    """Character by character, also if botocore cannot read it."""
    assert ConfigText.parse(text).text == text


@pytest.mark.long
def test_thousands_of_profiles_are_fast() -> None:
    """To write, change, diff and remove them. There are organizations with 665 accounts."""
    began = time.process_time()
    names = [f"account{number}-role" for number in range(2000)]
    text = ConfigText.parse(BY_HAND)
    for value in ("one", "two"):
        before = text.text
        text.put(ProfileText(name, {"sso_session": "corp", "region": value}) for name in names)
        text = ConfigText.parse(text.text)
        assert len(text.profiles) == 2000
        assert list(unified_diff(before.split("\n"), text.text.split("\n"), "file"))
    text.remove(names[::2])
    assert time.process_time() - began < 20


@pytest.mark.long
def test_writing_and_pruning_leaves_one_blank_line_only(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file does not grow with further runs."""
    before = config_file.read_bytes()
    for _ in range(3):
        roles_are(monkeypatch, *(role(f"a{number}", str(number)) for number in range(4)))
        assert len(write().added) == 4
        roles_are(monkeypatch)
        assert len(write(prune=True).removed) == 4
        assert config_file.read_bytes() == before + b"\n"


@pytest.mark.long
def test_a_comment_below_the_last_key_stays_in_its_profile(config_file: Path) -> None:
    """New profiles are written below it."""
    write(roles=("ReadOnlyAccess",))
    config_file.write_text(config_file.read_text() + "# output = json\n")
    before = config_file.read_bytes()
    write()
    assert config_file.read_bytes().startswith(before)


LINE_ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\x1b"]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_a_role_name_with_a_line_end_is_refused(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Nothing is written, and the error has the profile and the key."""
    names = ("Good", NAME_WITH_SECTION.format(end))
    roles_are(monkeypatch, *(role("production", "111111111111", name) for name in names))
    before = config_file.read_bytes()
    with pytest.raises(ConfigError) as caught:
        write()
    assert str(caught.value) == (
        "The profile 'production-Role-default-credential_process-=-touch-tmp-x' cannot be written: "
        "'sso_role_name' has control characters or line separators. Nothing was written."
    )
    assert config_file.read_bytes() == before
    assert list(config_file.parent.glob(".config*")) == []
