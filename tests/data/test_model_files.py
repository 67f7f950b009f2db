"""The files of our models: documented in our own words, and easy to review."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stock import our_loader, stock_loader

from sso_plugin.models import DATA_PATH, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

every_service = pytest.mark.parametrize("service", sorted(SERVICES))


def prose_of(node: Any) -> Iterator[str]:
    """Yield all documentation in a model."""
    if isinstance(node, dict):
        yield from (v for k, v in node.items() if k == "documentation" and isinstance(v, str))
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            yield from prose_of(value)


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
@every_service
def test_no_sentence_is_copied_from_botocore(service: str, kind: str) -> None:
    """The documentation is in our own words."""
    stock, ours = (
        {
            sentence.strip().lower()
            for prose in prose_of(loader.load_service_model(service, kind))
            for sentence in re.split(r"\.\s|\.$|[:;]\s", re.sub(r"<[^>]+>", "", prose))
        }
        - {""}
        for loader in (stock_loader(), our_loader())
    )

    assert stock & ours == set()


@every_service
def test_everything_public_is_documented(service: str) -> None:
    """Every operation, every error and every member."""
    model = our_loader().load_service_model(service, "service-2")
    structures = [shape for shape in model["shapes"].values() if shape["type"] == "structure"]
    documented = [
        model,
        *model["operations"].values(),
        *(shape for shape in structures if shape.get("exception")),
        *(member for shape in structures for member in shape["members"].values()),
    ]

    assert all(thing.get("documentation") for thing in documented)


@pytest.mark.parametrize("path", sorted(Path(DATA_PATH).rglob("*.*")), ids=lambda path: path.name)
def test_the_files_are_plain_json_that_diffs_well(path: Path) -> None:
    """Two spaces, one fact per line, ASCII, no duplicate keys."""
    text = path.read_text(encoding="ascii")

    assert text == json.dumps(json.loads(text), indent=2) + "\n"
