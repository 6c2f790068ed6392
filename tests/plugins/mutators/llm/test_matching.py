"""What a model quotes badly or leaves out: halves of an edit in code fences, and comments that stand for code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.program import Program
from evolve_plugins.mutators.llm.answers import FileBlock, SearchReplace, find_blocks, find_edits
from evolve_plugins.mutators.llm.edits import Applied, EditRefusal, Refused, apply_edits, apply_rewrite
from evolve_plugins.mutators.llm.fences import unfenced
from evolve_plugins.mutators.llm.matching import elided

CODE = """def area(r):
    return 3 * r


def edge(r):
    return 6 * r
"""
PAGE = "Title\n\ntext\n"
ELISIONS = [
    *("# ... rest unchanged ...", "... rest unchanged ...", "# existing code here", "# ...", "    # …", "# [...]"),
    *("# rest of the code", "# rest of the function remains the same", "// ... existing code ...", "/* ... */"),
    *("# (rest of the code unchanged)", "# ... (other methods unchanged) ...", "# Keep existing code", "-- ..."),
    *("# Everything else stays the same", "# The rest of the file is unchanged.", "# ... same as before ..."),
    *("# ... code omitted for brevity", "    pass  # ... existing implementation", "// remaining functions unchanged"),
    *("# --- existing code ---", "<!-- ... existing code ... -->", "# ... other imports ..."),
    "    ...  # rest of the method goes here",
]
CODE_COMMENTS = [
    *("# the rest of the circles", "# same as before", "# unchanged", "# original code", "# helper functions", "..."),
    *("# 1, 2, 4, ...", "# rest", "# the remaining points go to the last row", "# existing circles stay here", "#"),
    *("# ...and keep what is left of the grid", "# part 2 of the rest, unchanged", "x = 1  # ... rest unchanged ..."),
    *("def rest(): ...", "#!/usr/bin/env python", "# ---", "# existing", "# all other rows", "    pass", "# code"),
]


def edited(search: str, new: str, text: str = CODE, path: str = "program.py") -> Applied | Refused:
    return apply_edits(Program({path: text}), [SearchReplace("", search, new)])


def rewritten(text: str, parent: str = CODE) -> Applied | Refused:
    return apply_rewrite(Program({"program.py": parent}), find_blocks(f"```python\n{text}\n```\n"))


def text_of(result: Applied | Refused) -> str:
    assert isinstance(result, Applied), result
    return result.program.text


def reason_of(result: Applied | Refused) -> EditRefusal:
    assert isinstance(result, Refused), result
    return result.reason


# --- fences around the halves of an edit ----------------------------------------------------------------------------


@pytest.mark.parametrize("fence", ["```", "```python", "~~~", "  ```py", "````python program.py"])
def test_a_fence_around_both_halves_is_taken_off(fence: str) -> None:
    close = fence.rstrip("abcdefghijklmnopqrstuvwxyz. ")
    answer = (
        f"<<<<<<< SEARCH\n{fence}\n    return 3 * r\n{close}\n=======\n{fence}\n    return 3 * r * r\n{close}\n"
        ">>>>>>> REPLACE\n"
    )
    result = apply_edits(Program({"program.py": CODE}), find_edits(answer))
    assert text_of(result) == CODE.replace("3 * r", "3 * r * r")


def test_a_fence_around_one_half_is_taken_off() -> None:
    assert text_of(edited("```\n    return 3 * r\n```\n", "    return 1\n")) == CODE.replace("3 * r", "1")
    assert text_of(edited("    return 3 * r\n", "\n```python\n    return 1\n```\n")) == CODE.replace("3 * r", "1")
    assert text_of(edited("", "```python\nx = 1\n```\n", "")) == "x = 1\n"


def test_a_fence_that_the_file_has_itself_stays() -> None:
    page = f"{PAGE}```\ncode\n```\n"
    assert text_of(edited("```\ncode\n```\n", "```\nmore\n```\n", page, "page.md")) == page.replace("code", "more")
    assert text_of(edited("text\n", "```\nmore\n```\n", PAGE, "page.md")) == PAGE.replace("text", "```\nmore\n```")
    prompt = 'P = """\n```\ncode\n```\n"""\n'
    assert text_of(edited("code\n", "```\nmore\n```\n", prompt)) == prompt.replace("code", "```\nmore\n```")


def test_what_is_not_there_without_the_fence_either_is_answered_with_the_most_similar_lines() -> None:
    result = edited("```\ndef area(radius):\n    return 3 * radius\n```\n", "x\n")
    assert reason_of(result) is EditRefusal.SEARCH_NOT_FOUND
    assert isinstance(result, Refused)
    assert "lines 1-2, copy" in result.detail


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("```\na\n```", "a\n"),
        ("\n```python\na\n\nb\n```  \n\n", "a\n\nb\n"),
        ("```\n```", ""),
        ("````\n```\na\n```\n````\n", "```\na\n```\n"),
        ("a\n", None),
        ("", None),
        ("```\na", None),
        ("```\na\n```\nb\n```\n", None),
        ("```\na\n```\n```\nb\n```\n", None),
        ("a\n```\n", None),
    ],
)
def test_only_a_fence_around_all_of_a_text_is_one(text: str, inside: str | None) -> None:
    assert unfenced(text) == inside


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 9), st.integers(1, 5), st.lists(st.sampled_from(["x = 1", "", "  y"]), max_size=4), st.booleans())
def test_an_edit_in_fences_does_what_it_does_without(start: int, count: int, new: list[str], both: bool) -> None:
    text = "".join(f"line {n}\n" for n in range(12))
    search, put = text.splitlines(keepends=True)[start : start + count], "".join(f"{line}\n" for line in new)
    plain = edited("".join(search), put, text, "program.c")
    fenced = edited(f"```\n{''.join(search)}```\n", f"```\n{put}```\n" if both else put, text, "program.c")
    assert plain == fenced


# --- what is left out -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ELISIONS)
def test_a_comment_that_stands_for_code_is_refused_and_quoted(line: str) -> None:
    for result in (rewritten(f"{CODE}{line}\n"), edited("    return 3 * r\n", f"    return 1\n{line}\n")):
        assert reason_of(result) is EditRefusal.ELIDED
        assert isinstance(result, Refused)
        assert f"`{line.strip()}`" in result.detail
        assert "write that code out" in result.detail


@pytest.mark.parametrize("line", CODE_COMMENTS)
def test_a_comment_that_says_something_is_none(line: str) -> None:
    assert elided(f"a = 1\n{line}\nb = 2\n", "") == ""


@pytest.mark.parametrize("line", ELISIONS)
def test_what_the_parent_has_itself_is_meant(line: str) -> None:
    assert elided(f"x\n  {line}\n", f"{line}\ny\n") == ""


def test_leaving_out_is_told_before_what_follows_from_it() -> None:
    marked = f"import math\n# EVOLVE-BLOCK-START\n{CODE}# EVOLVE-BLOCK-END\nmain()\n"
    result = rewritten("# ... existing code ...\n# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\n", marked)
    assert reason_of(result) is EditRefusal.ELIDED  # not: a frozen line is missing
    assert reason_of(rewritten("def area(r):\n    # rest of the function unchanged\n")) is EditRefusal.ELIDED


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_may_be_looked_at(text: str) -> None:
    assert elided(text, text) == ""
    assert elided(text, "") in {"", *(line.strip() for line in text.splitlines())}


def test_a_rewrite_may_repeat_the_markers_alone_around_its_region() -> None:
    parent = Program({"program.py": "import math\n# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\ny = x\n"})
    block = FileBlock("program.py", "# EVOLVE-BLOCK-START\nx = 2\n# EVOLVE-BLOCK-END\n")
    made = apply_rewrite(parent, [block])
    assert isinstance(made, Applied)
    assert made.program.text == parent.text.replace("x = 1", "x = 2")
