"""Reading a model's answer: fenced files, SEARCH/REPLACE blocks, sections."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve_plugins.mutators.llm.answers import BlockProblem, find_blocks, find_edits, find_section
from evolve_plugins.mutators.llm.matching import find_lines, similarity

EDIT = "<<<<<<< SEARCH\na = 1\n=======\na = 2\n>>>>>>> REPLACE\n"

FRAGMENTS = st.sampled_from(
    [
        *("```", "````", "```python", "```python lib/a.py", "```../../x.py", "~~~", "    ```", "**lib/a.py**"),
        *("<<<<<<< SEARCH", "<<<<< SEARCH", "=======", "=====", ">>>>>>> REPLACE", ">>>>>>>", "File: /etc/passwd"),
        *("<think>", "</think>", "<idea>", "</idea>", "# Idea", "a = 1", "    b = 2", "prose, and more"),
        *("", " ", "\t", "\r", "\x00", "\x0c", "\u2028", "\ud800"),
    ]
)
ANSWERS = st.lists(FRAGMENTS | st.text(max_size=8), max_size=25).flatmap(
    lambda parts: st.sampled_from(["\n", "\r\n", "\n\n", ""]).map(lambda glue: glue.join(parts))
)


def one(blocks):
    assert len(blocks) == 1
    return blocks[0]


@pytest.mark.parametrize(
    "head",
    [
        "```python lib/a.py",
        "```python:lib/a.py",
        "```lib/a.py",
        "```py # lib/a.py",
        "``` lib/a.py",
        "lib/a.py\n```python",
        "**lib/a.py**\n```python",
        "**`lib/a.py`**:\n```",
        "### lib/a.py\n```python",
        "### `lib/a.py`\n\n```python",
        "### 1. lib/a.py (new)\n```python",
        "File: lib/a.py\n```python",
        "**File:** `lib/a.py`\n```python",
        "- lib/a.py:\n  ```python",
        "// lib/a.py\n~~~python",
    ],
)
def test_a_block_has_the_path_that_stands_on_its_fence_or_above_it(head):
    fence = "  ```" if "  ```" in head else "~~~" if "~~~" in head else "```"
    block = one(find_blocks(f"Some prose.\n\n{head}\na = 1\n{fence}\nMore prose.\n"))
    assert (block.path, block.text, block.closed) == ("lib/a.py", "a = 1\n", True)


@pytest.mark.parametrize(
    "head",
    [
        "```python",
        "Here is lib/a.py and more:\n```python",
        "Input/Output:\n```",
        "**Solution**\n```python",
        "`solve`:\n```",
        "https://x.org/a.py\n```",
    ],
)
def test_a_block_without_a_path_has_none(head):
    assert one(find_blocks(f"{head}\na = 1\n```")).path == ""


@pytest.mark.parametrize("path", ["/etc/passwd", "../../a.py", "..\\a.py", "C:\\a.py", "~/a.py"])
def test_a_dangerous_path_is_handed_on_and_not_taken_for_none(path):
    assert one(find_blocks(f"```python {path}\na = 1\n```")).path == path


def test_language_line_and_order_are_kept():
    first, second = find_blocks("hello\n```Python\na\n```\n```c++ b.cpp\nb\n```\n")
    assert (first.language, first.line, second.language, second.path, second.line) == ("python", 2, "c++", "b.cpp", 5)


def test_a_longer_fence_holds_shorter_ones():
    block = one(find_blocks("````python a.py\nx = '''\n```\nhello\n```\n'''\n````\n"))
    assert block.text == "x = '''\n```\nhello\n```\n'''\n"


@pytest.mark.parametrize("inner", ["    ```\n    f(1)\n    ```\n", "```python\nf(1)\n```\n", "~~~\nf(1)\n"])
def test_a_fence_inside_code_does_not_cut_it(inner):
    code = f'def f(x):\n    """Do.\n{inner}    """\n    return x\n'
    assert one(find_blocks(f"```python\n{code}```\nbye\n")).text == code


def test_a_markdown_block_without_a_path_is_a_wrapper_and_one_with_a_path_is_a_file():
    wrapped = one(find_blocks("```markdown\n# Title\n```python a.py\na = 1\n```\n```\n"))
    assert (wrapped.path, wrapped.text, wrapped.line) == ("a.py", "a = 1\n", 3)
    page = one(find_blocks("```markdown README.md\n# Title\n```python\na = 1\n```\n```\n"))
    assert (page.path, page.text) == ("README.md", "# Title\n```python\na = 1\n```\n")


@pytest.mark.parametrize("tail", ["", "\n", "\nb = ", "\n```python\nb = 1\n```\n"])
def test_a_fence_that_never_closes_is_marked(tail):
    block = one(find_blocks(f"```python a.py\na = 1{tail}"))
    assert not block.closed
    assert block.text.startswith("a = 1\n")


def test_the_fences_own_indentation_is_taken_off():
    assert one(find_blocks("1. so:\n   ```python\n   def f():\n       return 1\n\n   ```\n")).text == (
        "def f():\n    return 1\n\n"
    )


def test_line_ends_of_the_answer_do_not_matter():
    text = f"a.py\n```python\na = 1\n```\n{EDIT}<idea>\nx\n</idea>\n"
    crlf = text.replace("\n", "\r\n")
    assert find_blocks(crlf) == find_blocks(text)
    assert find_edits(crlf) == find_edits(text)
    assert find_section(crlf, "idea") == "x"


@pytest.mark.parametrize(
    "thought",
    [
        "<think>\n{x}\n</think>\n",
        "<think>{x}\n</think>",
        "hm\n{x}\n</think>\n",
        "<thinking>\n{x}\n```python\nnot closed\n</thinking>\n",
    ],
)
def test_thoughts_are_ignored_but_their_lines_count(thought):
    noise = thought.replace("{x}", f"```python\nb = 1\n```\n{EDIT}\n# Idea\nnone")
    answer = f"{noise}\n```python\na = 1\n```\n{EDIT}# Idea\ngood\n"
    assert one(find_blocks(answer)).text == "a = 1\n"
    assert one(find_blocks(answer)).line == noise.count("\n") + 2
    assert one(find_edits(answer)).replace == "a = 2\n"
    assert find_section(answer, "idea") == "good"


def test_thoughts_inside_code_are_code():
    code = 'PROMPT = """\n<think>\nhm\n</think>\n"""\n'
    assert one(find_blocks(f"```python\n{code}```\n")).text == code


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        (EDIT, ""),
        (f"Do this:\n{EDIT}bye", ""),
        (f"lib/a.py\n{EDIT}", "lib/a.py"),
        (f"```python\n{EDIT}```", ""),
        (f"```python lib/a.py\n{EDIT}```", "lib/a.py"),
        (f"```\nlib/a.py\n{EDIT}```", "lib/a.py"),
        (f"### lib/a.py\n\n```python\n{EDIT}```", "lib/a.py"),
        (f"```lib/b.py\n**lib/a.py**\n{EDIT}```", "lib/a.py"),
        (f"```python lib/b.py\nx\n```\n{EDIT}", ""),
    ],
)
def test_an_edit_has_the_path_above_it_or_that_of_its_fence(answer, path):
    edit = one(find_edits(answer))
    assert (edit.path, edit.search, edit.replace, edit.problem) == (path, "a = 1\n", "a = 2\n", None)


def test_a_path_holds_for_the_edits_that_follow_without_a_word():
    answer = f"lib/a.py\n{EDIT}\n{EDIT}```python\n{EDIT}```\nNow the main file:\n{EDIT}lib/b.py\n{EDIT}"
    assert [edit.path for edit in find_edits(answer)] == ["lib/a.py", "lib/a.py", "lib/a.py", "", "lib/b.py"]


@pytest.mark.parametrize("marks", [5, 6, 7, 8, 9])
def test_markers_may_have_other_lengths_and_space_around(marks):
    answer = f"  {'<' * marks} SEARCH:  \na = 1\n{'=' * marks}\t\na = 2\n {'>' * marks} REPLACE \n"
    edit = one(find_edits(answer))
    assert (edit.search, edit.replace, edit.problem, edit.line) == ("a = 1\n", "a = 2\n", None, 1)


@pytest.mark.parametrize("marks", [4, 10])
def test_too_few_or_too_many_marks_are_text(marks):
    assert find_edits(f"{'<' * marks} SEARCH\na\n{'=' * marks}\nb\n{'>' * marks} REPLACE\n") == []


def test_halves_may_be_empty():
    edit = one(find_edits("new.py\n<<<<<<< SEARCH\n=======\na = 1\n>>>>>>> REPLACE"))
    assert (edit.path, edit.search, edit.replace) == ("new.py", "", "a = 1\n")
    assert one(find_edits("<<<<<<< SEARCH\na = 1\n=======\n>>>>>>> REPLACE")).replace == ""


def test_all_readings_of_several_dividers_are_kept_and_that_of_the_same_length_comes_first():
    edit = one(find_edits("<<<<<<<< SEARCH\nTitle\n=====\nx\n========\ny\n>>>>>>>> REPLACE"))
    assert (edit.search, edit.replace) == ("Title\n=====\nx\n", "y\n")
    assert edit.alternatives == (("Title\n", "x\n========\ny\n"),)


@pytest.mark.parametrize(
    ("answer", "problems"),
    [
        ("<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", [BlockProblem.NO_DIVIDER]),
        (f"<<<<<<< SEARCH\na\n=======\nb\n{EDIT}", [BlockProblem.NO_END, None]),
        ("```\n<<<<<<< SEARCH\na\n=======\nb\n```\nDone.", [BlockProblem.NO_END]),
        ("```\n<<<<<<< SEARCH\na\n=======\nb", [BlockProblem.TRUNCATED]),
        (f"{EDIT}<<<<<<< SEARCH\na\n", [None, BlockProblem.TRUNCATED]),
        (f"{EDIT}b\n>>>>>>> REPLACE\n", [None, BlockProblem.NO_START]),
    ],
)
def test_a_malformed_block_is_reported(answer, problems):
    assert [edit.problem for edit in find_edits(answer)] == problems
    assert all(problem.words for problem in problems if problem)


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("<idea>be bold</idea>", "be bold"),
        ("x\n<Idea>\nbe\nbold\n</Idea>\ny", "be\nbold"),
        ("<idea>be bo", "be bo"),
        ("# Idea\nbe bold\n\n## Why\nso\n# Code\nx", "be bold\n\n## Why\nso"),
        ("## 1. **Idea:**\nbe bold\n## Next\nx", "be bold"),
        ("## Idea\n```\n# no heading\n```\n## Next", "```\n# no heading\n```"),
        ("```\n# Idea\n```\n", ""),
        ("no idea at all", ""),
        ("# Ideas\nx", ""),
    ],
)
def test_a_section_is_tagged_or_under_its_heading(text, section):
    assert find_section(text, "idea") == section


def test_quoted_lines_are_found_at_the_first_level_that_has_a_place():
    lines = ["a = 1", "", "if a:", "    b = a  ", "", "    c = b", "a = 1"]
    assert find_lines(lines, "a = 1\n") == ([(0, 1), (6, 7)], 0)
    assert find_lines(lines, "b = a\nc = b\n") == ([(3, 6)], 1)
    assert find_lines(lines, "if a:\nb = a\n") == ([], 1)
    assert find_lines(lines, " \n") == ([], 0)
    assert find_lines(["first = 100", "second = 200", "third = 300"], "first = 100\nsecond = 20\nthird = 300") == (
        [(0, 3)],
        2,
    )
    assert similarity(["abcd"], ["abcd", "abxx", "zzzz"]) == [1.0, 0.0, 0.0]


@settings(max_examples=300, deadline=None)
@given(ANSWERS, st.text(max_size=5))
def test_any_text_can_be_read(text, name):
    for block in find_blocks(text):
        assert block.text == "" or block.text.endswith("\n")
    edits = find_edits(text)
    assert [edit.line for edit in edits] == sorted(edit.line for edit in edits)
    assert find_section(text, name or "x") == find_section(text, name or "x").strip()
    find_lines(text.splitlines(), text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20), max_size=10))
def test_what_is_written_plainly_is_read_back(lines):
    text = "".join(f"{line}\n" for line in lines if not line.lstrip().startswith(("`", "~", "=", ">", "<")))
    assert one(find_blocks(f"Here:\n\n```python a.py\n{text}```\n")).text == text
    edit = one(find_edits(f"<<<<<<< SEARCH\n{text}=======\n{text}>>>>>>> REPLACE\n"))
    assert (edit.search, edit.replace) == (text, text)
