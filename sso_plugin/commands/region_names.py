"""The names of regions: which form they have, and which of them a mistyped one may stand for."""

from __future__ import annotations

import difflib
import functools
import json
import re
from importlib.util import find_spec
from pathlib import Path

from sso_plugin.printable import one_line

__all__ = ["known_regions", "region_fault", "similar_regions"]

_FORM = re.compile(r"(fips-)?[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}(-fips)?|aws(-[a-z]+)*-global")
"""A region may be newer than this botocore, so a text that has this form is used."""

_EXAMPLE = "eu-central-1"


def region_fault(text: str) -> str | None:
    """Return why a text cannot be a region, and similar ones; None if it has the form of one."""
    if _FORM.fullmatch(text):
        return None
    similar = ", ".join(similar_regions(text)) or _EXAMPLE
    return f'"{one_line(text, 40)}" is not a valid region. Use one such as {similar}.'


def similar_regions(text: str) -> list[str]:
    """Return the regions with similar names; none if this botocore knows the region itself."""
    known = known_regions()
    return [] if text in known else difflib.get_close_matches(text.lower(), known)


@functools.cache
def known_regions() -> dict[str, str]:
    """Return the regions that the installed botocore knows, each with its description."""
    spec = find_spec("botocore")
    try:
        data = Path(((spec and spec.submodule_search_locations) or [""])[0], "data/partitions.json")
        partitions = json.loads(data.read_text(encoding="utf-8"))["partitions"]
        regions = {
            name: str(region.get("description", ""))
            for partition in partitions
            for name, region in partition["regions"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # A botocore without its data, or with other data.
        return {}
    return {name: text for name, text in regions.items() if not name.endswith("-global")}
