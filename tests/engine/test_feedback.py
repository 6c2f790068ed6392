"""What evaluators tell the next author: small tables, and pictures that travel inside the text."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.feedback import Pictures, picture, pictures_of, table

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(200))
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]()\r\n"), max_size=20)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="!"), max_size=30)
IMAGES = st.binary(max_size=40).map(lambda tail: PNG[:8] + tail) | st.binary(max_size=40).map(
    lambda tail: JPEG[:3] + tail
)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_table_has_the_columns_of_its_first_row_and_floats_of_six_digits() -> None:
    rows = [{"circle": 3, "room": 0.123456789}, {"room": float("inf"), "more": 1}]
    assert table(rows) == "| circle | room |\n| --- | --- |\n| 3 | 0.123457 |\n|  | inf |"


def test_a_table_without_rows_is_nothing() -> None:
    assert table([]) == ""


def test_a_long_table_says_how_much_is_left_out() -> None:
    text = table([{"n": n} for n in range(30)], most=4)
    assert text.splitlines()[2:] == ["| 0 |", "| 1 |", "| 2 |", "| 3 |", "(26 more rows)"]


def test_no_cell_and_no_name_breaks_the_table() -> None:
    text = table([{"a|b": "x | y\nz"}])
    assert text == "| a\\|b |\n| --- |\n| x \\| y z |"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.floats(), min_size=1), min_size=1))
def test_every_row_is_one_line_with_as_many_cells(rows: list[dict[str, object]]) -> None:
    lines = table(rows, most=len(rows)).splitlines()
    assert len(lines) == 2 + len(rows)
    assert {line.count("|") - line.count("\\|") for line in lines} == {1 + len(rows[0])}


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("image", "kind"), [(PNG, "png"), (JPEG, "jpeg")])
def test_a_picture_is_markdown_with_the_image_inside(image: bytes, kind: str) -> None:
    text = picture(image, "the packing")
    assert text == f"![the packing](data:image/{kind};base64,{base64.b64encode(image).decode()})"
    assert pictures_of(f"Look:\n{text}\nThere.") == Pictures("Look:\n(picture: the packing)\nThere.", (image,))


def test_what_a_picture_shows_may_be_any_text() -> None:
    text = picture(PNG, "f(x) [left]\r\nand (right)")
    assert "\n" not in text
    assert pictures_of(text) == Pictures("(picture: f x   left   and  right )", (PNG,))


def test_what_a_picture_shows_is_cut_when_it_is_long() -> None:
    assert pictures_of(picture(PNG, "x" * 999)).text == f"(picture: {'x' * 200})"


@pytest.mark.parametrize("image", [b"", b"GIF89a", b"<svg></svg>", PNG + bytes(1 << 20)])
def test_what_is_no_small_picture_is_refused(image: bytes) -> None:
    with pytest.raises(ValueError, match=r"a PNG or JPEG file of at most 1,048,576 bytes"):
        picture(image, "x")


@pytest.mark.parametrize(
    "data",
    ["A", "AAA", "=", base64.b64encode(b"GIF89a").decode(), base64.b64encode(PNG + bytes(1 << 20)).decode(), "%%%"],
)
def test_what_only_looks_like_a_picture_does_no_harm_and_gives_no_image(data: str) -> None:
    found = pictures_of(f"![x](data:image/png;base64,{data})")
    assert found.images == ()
    assert found.text in {"(picture: x)", "![x](data:image/png;base64,%%%)"}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PLAIN, WORDS, IMAGES), max_size=4), PLAIN)
def test_pictures_come_out_as_they_went_in(parts: list[tuple[str, str, bytes]], end: str) -> None:
    text = "".join(before + picture(image, what) for before, what, image in parts) + end
    expected = "".join(f"{before}(picture: {what})" for before, what, _ in parts) + end
    assert pictures_of(text) == Pictures(expected, tuple(image for _, _, image in parts))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text("AZaz09+/= \n", max_size=12))
def test_any_feedback_can_be_read(text: str, data: str) -> None:
    assert pictures_of(text).images == ()
    pictures_of(f"{text}![{text}](data:image/jpeg;base64,{data}){text}")
