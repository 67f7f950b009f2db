"""HTML for notebooks."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import pytest

from sso_plugin.signin import markup

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"


class Tags(HTMLParser):
    """The tags, attributes and texts that a browser sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "html",
    [
        markup.paragraph(HOSTILE),
        markup.code(HOSTILE),
        markup.link(HOSTILE, is_trusted=False),
        markup.link(HOSTILE, is_trusted=True),
        markup.table({HOSTILE: ""}),
        markup.table({"": HOSTILE}),
    ],
)
def test_all_text_is_escaped(html: str) -> None:
    """A browser sees the text as it is, and none of its tags."""
    seen = Tags(html)
    assert seen.text == HOSTILE
    assert {"script", "img"} & set(seen.tags) == set()
    assert {name for name, _ in seen.attributes} <= {"style", "href", "target", "rel", "scope"}


def test_control_characters_are_replaced() -> None:
    """Those that change the direction of text would hide what an address is."""
    assert "\u202e" not in markup.link("https://evil.example/\u202e", is_trusted=False)


def test_only_a_trusted_address_is_a_link() -> None:
    """It opens in a page of its own, which does not get a reference to the notebook."""
    url = "https://corp.awsapps.com/start/#/device?user_code=ABCD-EFGH&x=1"
    assert "a" not in Tags(markup.link(url, is_trusted=False)).tags
    link = Tags(markup.link(url, is_trusted=True))
    assert link.tags == ["a"]
    assert {("href", url), ("target", "_blank"), ("rel", "noopener noreferrer")} < {
        *link.attributes
    }


def test_a_qr_code_is_an_image_in_the_page() -> None:
    """Nothing is loaded from elsewhere. Its background is white in any theme."""
    image = Tags(markup.qr_image("https://corp.awsapps.com/start/#/device?user_code=ABCD-EFGH"))
    source = str(dict(image.attributes)["src"])
    assert source.startswith("data:image/svg+xml")
    assert "%23fff" in source


def test_without_segno_there_is_no_qr_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is optional."""
    monkeypatch.setitem(sys.modules, "segno", None)
    assert markup.qr_image("https://corp.awsapps.com/") == ""


def test_a_long_address_has_no_qr_code() -> None:
    """It does not fit."""
    assert markup.qr_image("https://corp.awsapps.com/?" + 8000 * "x") == ""


@pytest.mark.parametrize("state", ["waiting", "success", "failure"])
def test_a_card_has_its_parts_and_no_color_of_text(state: str) -> None:
    """The color of the text is that of the theme."""
    card = markup.card(state, markup.paragraph("one"), markup.paragraph("two"), aside="three")
    assert Tags(card).text == "onetwothree"
    assert "color: inherit" in card
    assert card.count("<div") == card.count("</div>") == 4
