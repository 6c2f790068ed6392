"""Feedback for the next author: Markdown text, with small tables and pictures.

An evaluator gives it with its outcome; people read it in reports, and models in their prompts. A picture is written
into the text as a `data:` address, so that the record stays one text; models that look at images get it as an image.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Pictures", "picture", "pictures_of", "table"]

_LONGEST_LABEL = 200
_PICTURE = re.compile(rf"!\[([^\]]{{0,{_LONGEST_LABEL}}})\]\(data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]*)\)")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Pictures:
    """A feedback text and its pictures.

    Args:
        text: the text, with "(picture: what it shows)" in the place of each picture.
        images: the pictures, as PNG or JPEG files, in order.
    """

    text: str
    images: tuple[bytes, ...]


def table(rows: Sequence[Mapping[str, object]], most: int = 20) -> str:
    """Return a Markdown table.

    Args:
        rows: one mapping of column to value per row; the first one names the columns. Floats get six digits.
        most: rows that are shown; how many more there are is said below.
    """
    if not rows:
        return ""
    columns = list(rows[0])
    cells = [[_cell(row.get(column, "")) for column in columns] for row in rows[:most]]
    lines = [[_cell(column) for column in columns], ["---"] * len(columns), *cells]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return text if len(rows) <= most else f"{text}\n({len(rows) - most} more rows)"


def picture(image: bytes, what: str) -> str:
    """Return a picture as Markdown text.

    Args:
        image: a PNG or JPEG file of at most 1 MiB.
        what: it shows, in a few words, at most 200 characters.

    Raises:
        ValueError: it is neither, or too large.
    """
    kind = _kind(image)
    if not kind or len(image) > _MOST_BYTES:
        raise ValueError(f"a picture must be a PNG or JPEG file of at most {_MOST_BYTES:,} bytes, not {len(image):,}")
    return (
        f"![{what[:_LONGEST_LABEL].translate(_BRACKETS)}](data:image/{kind};base64,{base64.b64encode(image).decode()})"
    )


def pictures_of(text: str) -> Pictures:
    """Take the pictures out of a feedback text; what only looks like one leaves its words and no image."""
    images: list[bytes] = []

    def taken(found: re.Match[str]) -> str:
        try:
            image = base64.b64decode(found[2])
        except binascii.Error:
            image = b""
        if _kind(image) and len(image) <= _MOST_BYTES:
            images.append(image)
        return f"(picture: {found[1]})"

    return Pictures(_PICTURE.sub(taken, text), tuple(images))


def _kind(image: bytes) -> str:
    return "png" if image.startswith(b"\x89PNG") else "jpeg" if image.startswith(b"\xff\xd8") else ""


_BRACKETS = str.maketrans(dict.fromkeys("[]()\r\n", " "))


def _cell(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return " ".join(text.splitlines()).replace("|", "\\|")
