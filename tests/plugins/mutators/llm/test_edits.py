"""Applying a model's edits: the right place or a reason, never the parent in silence, never a frozen line."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evolve.program import Program
from evolve_plugins.mutators.llm.answers import BlockProblem, FileBlock, SearchReplace, find_blocks, find_edits
from evolve_plugins.mutators.llm.edits import Applied, EditRefusal, Refused, apply_edits, apply_rewrite

CODE = """import math


def area(r):
    # a circle
    size = math.pi * r ** 2
    return size


def edge(r):
    size = 2 * math.pi * r
    return size
"""
MARKED = """import math

# EVOLVE-BLOCK-START
def area(r):
    return math.pi * r
# EVOLVE-BLOCK-END

def main():
    return area(1)
"""
TWO = """head
# EVOLVE-BLOCK-START a
one
  two
# EVOLVE-BLOCK-END
neck
# EVOLVE-BLOCK-START b
# EVOLVE-BLOCK-END
tail"""
SEVERAL = {"program.py": "from lib import a\n", "lib/a.py": "X = 1\n", "lib/b.py": "Y = 1\n"}

LINES = st.lists(st.text("ab =(", max_size=6), max_size=12)
PATHS = st.sampled_from([""] * 12 + ["lib/a.py", "lib/new.py", "/x", "../x"]) | st.text("ab./\\~:\x00", max_size=6)
PIECES = st.sampled_from(
    [
        *("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "```python", "```", "lib/a.py", "```../x.py", "<think>"),
        *("# EVOLVE-BLOCK-START", "# EVOLVE-BLOCK-END", "\x0c# EVOLVE-BLOCK-END", "one\r# EVOLVE-BLOCK-START"),
        *("", " ", "\t", "\x00", "\u2028", "\ud800", "(", "import math", *TWO.split("\n"), *MARKED.split("\n")),
    ]
)
PLAIN = st.lists(st.sampled_from(["x = 1", "  two", "one", ""]), max_size=3)
CHANGES = st.tuples(PATHS, st.integers(0, 9), st.integers(0, 3), PLAIN | st.lists(PIECES, max_size=6), st.booleans())


def edit(search, new, path="", program=CODE, evolvable=("*",)):
    files = program if isinstance(program, dict) else {"program.py": program}
    return apply_edits(Program(files), [SearchReplace(path, search, new)], evolvable)


def rewrite(answer, program=CODE, evolvable=("*",)):
    files = program if isinstance(program, dict) else {"program.py": program}
    return apply_rewrite(Program(files), find_blocks(answer), evolvable)


def refused(result, reason, *said):
    assert isinstance(result, Refused)
    assert result.reason is reason, result.detail
    assert result.detail
    assert [words for words in said if words not in result.detail] == [], result.detail
    return True


def joined(lines):
    return "".join(f"{line}\n" for line in lines)


def applied(result, how):
    assert isinstance(result, Applied), result
    assert result.how == how
    return result.program.text


# --- how a SEARCH text is matched -----------------------------------------------------------------------------------


def test_whole_lines_are_matched_and_not_parts_of_them():
    assert applied(edit("x = 1\n", "x = 2\n", program="max = 1\nx = 1\n"), "exact") == "max = 1\nx = 2\n"
    assert refused(edit("math\n", "cmath\n"), EditRefusal.SEARCH_NOT_FOUND)


def test_space_at_line_ends_does_not_matter_and_repeated_lines_stay_as_they_are():
    program = "def f(x):   \n    y = x\n    return y\n"
    text = applied(edit("def f(x):\n    y = x \n", "def f(x):\n    y = 2 * x\n", program=program), "whitespace")
    assert text == "def f(x):   \n    y = 2 * x\n    return y\n"


@pytest.mark.parametrize("indent", ["", "  ", "        ", "\t"])
def test_common_indentation_does_not_matter_and_the_replacement_is_indented_like_the_file(indent):
    search = f"{indent}size = 2 * math.pi * r\n{indent}return size\n"
    new = f"{indent}if r < 0:\n{indent}    return 0\n\n{indent}return 6 * r\n"
    text = applied(edit(search, new), "whitespace")
    assert text.endswith("def edge(r):\n    if r < 0:\n        return 0\n\n    return 6 * r\n")


def test_empty_lines_do_not_matter():
    text = applied(edit("\n    return size\ndef edge(r):\n\n", "\n    return -size\ndef edge(r):\n\n"), "whitespace")
    assert text == CODE.replace("return size\n\n\ndef", "return -size\ndef")


def test_a_misquoted_text_is_found_by_similarity_and_what_was_repeated_stays():
    search = "def area(r):\n    # a circel\n    size = math.pi * r ** 2\n    return size\n"
    text = applied(edit(search, search.replace("return size", "return abs(size)")), "fuzzy")
    assert text == CODE.replace("return size", "return abs(size)", 1)


def test_similarity_needs_three_lines_and_one_best_place():
    assert refused(edit("    # a circel\n    size = math.pi * r ** 2\n", "x\n"), EditRefusal.SEARCH_NOT_FOUND)
    twins = "x1 = load(1)\ny1 = load(2)\nz1 = load(3)\n\nx2 = load(1)\ny2 = load(2)\nz2 = load(3)\n"
    search = "x3 = load(1)\ny3 = load(2)\nz3 = load(3)\n"
    assert refused(edit(search, "x\n", program=twins), EditRefusal.AMBIGUOUS, "1-3, 5-7")


def test_two_places_are_ambiguous_and_their_lines_are_named():
    assert refused(edit("    return size\n", "    return 0\n"), EditRefusal.AMBIGUOUS, "at lines 7, 12;")
    looser = "a = 1\nb = 1\na = 1 \n"  # one place to the letter: the looser level is not asked
    assert applied(edit("a = 1\n", "a = 2\n", program=looser), "exact") == "a = 2\nb = 1\na = 1 \n"
    assert refused(edit("a = 1  \n", "a = 2\n", program=looser), EditRefusal.AMBIGUOUS)


def test_what_is_not_there_is_answered_with_the_most_similar_lines():
    search = "def edge(r):\n    size = 3 * math.e * radius\n    return size\n"
    result = edit(search, "x\n")
    assert refused(result, EditRefusal.SEARCH_NOT_FOUND, "lines 10-12, copy", "11|     size = 2 * math.pi * r\n")
    assert refused(edit("@@@\n", "x\n"), EditRefusal.SEARCH_NOT_FOUND, "program.py")
    assert refused(edit("@\n", "x\n", program=""), EditRefusal.SEARCH_NOT_FOUND)


def test_the_file_decides_between_several_dividers():
    page = "Title\n=======\ntext\n\nMore\n=======\ntext\n"
    answer = "<<<<<<< SEARCH\nMore\n=======\ntext\n=======\nLess\n=======\nwords\n>>>>>>> REPLACE\n"
    result = apply_edits(Program({"program.md": page}), find_edits(answer))
    assert applied(result, "exact") == "Title\n=======\ntext\n\nLess\n=======\nwords\n"


# --- edits together -------------------------------------------------------------------------------------------------


def test_edits_apply_in_order_to_the_growing_text_and_the_loosest_match_is_told():
    edits = [SearchReplace("", "import math\n", "import cmath\n"), SearchReplace("", "  import cmath\n", "import os\n")]
    assert applied(apply_edits(Program({"program.py": CODE}), edits), "whitespace").startswith("import os\n\n")


def test_one_bad_edit_refuses_all_and_says_which():
    edits = [SearchReplace("", "import math\n", "import os\n", 3), SearchReplace("", "nothing\n", "x\n", 9)]
    result = apply_edits(Program({"program.py": CODE}), edits)
    assert refused(result, EditRefusal.SEARCH_NOT_FOUND, "edit 2 (line 9 of the answer)")


@pytest.mark.parametrize("problem", BlockProblem)
def test_a_malformed_block_refuses_all(problem):
    edits = [SearchReplace("", "nothing\n", "x\n"), SearchReplace("", "a\n", "", 4, problem)]
    reason = EditRefusal.TRUNCATED if problem is BlockProblem.TRUNCATED else EditRefusal.MALFORMED_BLOCK
    assert refused(apply_edits(Program({"program.py": CODE}), edits), reason, "edit 2", problem.words)


def test_an_answer_without_a_block_is_told_the_form():
    assert refused(apply_edits(Program({"program.py": CODE}), []), EditRefusal.NO_BLOCK, "SEARCH")
    assert refused(rewrite("I would not change it."), EditRefusal.NO_BLOCK, "```python program.py")


@pytest.mark.parametrize("answer", [f"```python\n{CODE}```", f"```python\n{CODE.rstrip()}\n```"])
def test_the_parent_again_is_unchanged(answer):
    assert refused(edit("import math\n", "import math\n"), EditRefusal.UNCHANGED)
    assert refused(rewrite(answer), EditRefusal.UNCHANGED)


# --- regions --------------------------------------------------------------------------------------------------------


def test_frozen_lines_may_be_quoted_but_not_changed():
    quoted = "# EVOLVE-BLOCK-START \ndef area(r):\n    return math.pi * r\n# EVOLVE-BLOCK-END\n"
    text = applied(edit(quoted, quoted.replace("* r", "* r ** 2"), program=MARKED), "whitespace")
    assert text == MARKED.replace("* r", "* r ** 2")
    result = edit("def main():\n    return area(1)\n", "def main():\n    return 1e9\n", program=MARKED)
    assert refused(result, EditRefusal.OUTSIDE_REGION, "only lines 4-5", "return area(1)")


@pytest.mark.parametrize(
    ("search", "new"),
    [
        ("# EVOLVE-BLOCK-END\n", ""),
        ("# EVOLVE-BLOCK-END\n", "x = 1\n# EVOLVE-BLOCK-END\ny = 1\n"),
        ("    return math.pi * r\n", "    return 1\n# EVOLVE-BLOCK-END\nevil = 1\n# EVOLVE-BLOCK-START\n"),
        ("    return math.pi * r\n", "    return 1\n# EVOLVE-BLOCK-START\n"),
        ("import math\n", "import cmath as math\n"),
    ],
)
def test_no_edit_moves_a_marker_or_a_frozen_line(search, new):
    result = edit(search, new, program=MARKED)
    assert refused(result, EditRefusal.OUTSIDE_REGION, "only lines 4-5 of program.py may change")


def test_a_place_in_a_region_wins_over_frozen_ones():
    program = "x = 1\ny = 1\ny = 1\n# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\n"
    text = applied(edit("x = 1\n", "x = 2\n", program=program), "exact")
    assert text == program.replace("START\nx = 1", "START\nx = 2")
    assert refused(
        edit("y = 1\n", "y = 2\n", program=program), EditRefusal.OUTSIDE_REGION, "at lines 2, 3;", "only lines 5 of"
    )


def test_an_empty_search_fills_an_empty_region_only():
    text = applied(edit("", "three\n", program={"program.txt": TWO}), "exact")
    assert text == TWO.replace("START b\n", "START b\nthree\n")
    assert refused(edit("", "x = 1\n"), EditRefusal.MALFORMED_BLOCK, "SEARCH text is empty")
    assert applied(edit("", "x = 1\n", program=""), "exact") == "x = 1\n"
    both = {"program.txt": TWO.replace("one\n  two\n", "")}
    assert refused(edit("", "three\n", program=both), EditRefusal.AMBIGUOUS)


def test_a_file_without_markers_gets_none():
    assert refused(edit("import math\n", "# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n"), EditRefusal.OUTSIDE_REGION)
    assert refused(rewrite(f"```python\n{MARKED}```"), EditRefusal.OUTSIDE_REGION, "no EVOLVE-BLOCK markers")


def test_a_parent_with_broken_markers_is_refused_and_not_raised():
    broken = "# EVOLVE-BLOCK-END\nx = 1\n"
    assert refused(edit("x = 1\n", "x = 2\n", program=broken), EditRefusal.NOT_EVOLVABLE, "without a start")
    assert refused(rewrite("```python\nx = 2\n```", program=broken), EditRefusal.NOT_EVOLVABLE)


# --- rewrites -------------------------------------------------------------------------------------------------------


def test_a_block_takes_the_place_of_the_file_or_of_its_only_region():
    assert applied(rewrite("So:\n```python\nx = 1\n```\n"), "rewrite") == "x = 1\n"
    new = "def area(r):\n    return 3 * r * r\n"
    expected = MARKED.replace("def area(r):\n    return math.pi * r\n", new)
    assert applied(rewrite(f"```python\n{new}```", program=MARKED), "rewrite") == expected
    whole = expected.replace("import math", "import math  ").rstrip("\n") + "\n\n\n"
    assert applied(rewrite(f"```python program.py\n{whole}```", program=MARKED), "rewrite") == expected
    result = rewrite(f"```python\n{expected.replace('area(1)', 'area(2)')}```", program=MARKED)
    assert refused(result, EditRefusal.OUTSIDE_REGION, "return area(1)", "return area(2)", "lines 4-5")
    assert refused(rewrite("```\nthree\n```", program={"program.txt": TWO}), EditRefusal.AMBIGUOUS, "several")


def test_a_region_inside_a_class_keeps_its_indentation():
    program = "class A:\n    # EVOLVE-BLOCK-START\n    def f(self):\n        return 1\n    # EVOLVE-BLOCK-END\n"
    text = applied(rewrite("```python\ndef f(self):\n    return 2\n```", program=program), "rewrite")
    assert text == program.replace("return 1", "return 2")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("```python\nx = 1\n", EditRefusal.TRUNCATED),
        ("```python\nx = 1\n```\n```python\nx = 2\n```\n", EditRefusal.AMBIGUOUS),
        ("```python program.py\nx = 1\n```\n```python program.py\nx = 2\n```\n", EditRefusal.AMBIGUOUS),
        ("```python\n\n```\n", EditRefusal.MALFORMED_BLOCK),
        ("```python\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\n", EditRefusal.MALFORMED_BLOCK),
        ("```python other.py\nx = 1\n```\n", EditRefusal.UNKNOWN_FILE),
    ],
)
def test_a_block_that_stands_for_no_file_is_refused(answer, reason):
    assert refused(rewrite(answer), reason)


def test_blocks_in_other_languages_and_without_a_path_are_not_the_file():
    assert applied(rewrite("```bash\nls\n```\n```\n3.14\n```\n```python\nx = 1\n```\n"), "rewrite") == "x = 1\n"
    result = rewrite("```python\nold = 1\n```\nbecomes\n```python lib/a.py\nX = 2\n```\n", program=SEVERAL)
    assert isinstance(result, Applied)
    assert dict(result.program) == {**SEVERAL, "lib/a.py": "X = 2\n"}


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "evolvable", "allowed"),
    [
        ({"program.py": CODE}, ("*",), False),
        ({"program.py": CODE}, ("program.py",), False),
        ({"program.py": CODE}, ("program.py", "lib/*.py"), True),
        (SEVERAL, ("*",), True),
        (SEVERAL, ("lib/?.py",), False),
    ],
)
def test_new_files_are_made_where_the_problem_leaves_room(program, evolvable, allowed):
    block = "```python lib/new.py\nZ = 1\n```"
    for result in (edit("", "Z = 1\n", "lib/new.py", program, evolvable), rewrite(block, program, evolvable)):
        if allowed:
            assert isinstance(result, Applied)
            assert dict(result.program) == {**program, "lib/new.py": "Z = 1\n"}
        else:
            assert refused(result, EditRefusal.UNKNOWN_FILE, "program.py")
    assert refused(edit("a\n", "b\n", "lib/new.py", program, evolvable), EditRefusal.UNKNOWN_FILE)


def test_only_files_that_match_the_patterns_change():
    assert refused(
        edit("Y = 1\n", "Y = 2\n", "lib/b.py", SEVERAL, ("lib/a.py",)), EditRefusal.NOT_EVOLVABLE, "lib/a.py"
    )
    only = edit("X = 1\n", "X = 2\n", "", SEVERAL, ("lib/a.py",))  # no path: the only file that may change
    assert isinstance(only, Applied)
    assert only.program.files["lib/a.py"] == "X = 2\n"


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../a.py", "lib/../../a.py", "a\\b.py", "C:/a.py", "C:a.py", "~/a.py", ".", "a" * 300),
        *("a\x00.py", "a\n.py", "\ud800.py", "program.py/x.py", "lib"),
    ],
)
def test_a_path_that_could_escape_is_refused(path):
    assert refused(edit("", "Z = 1\n", path, SEVERAL), EditRefusal.UNSAFE_PATH)
    assert refused(apply_rewrite(Program(SEVERAL), [FileBlock(path, "Z = 1\n")]), EditRefusal.UNSAFE_PATH)


def test_a_plain_path_may_be_written_with_dots():
    result = edit("X = 1\n", "X = 2\n", "./lib//a.py", SEVERAL)
    assert isinstance(result, Applied)
    assert sorted(result.program.files) == sorted(SEVERAL)


def test_python_that_does_not_parse_is_refused_with_its_line():
    result = edit("    return size\n\n\n", "    return size size\n\n\n")
    assert refused(result, EditRefusal.SYNTAX, "line 7, column 17", "invalid syntax", "7|     return size size")
    for text in ("x = '\x00'\n", "(" * 5000 + "\n", "def f(:\n"):
        assert refused(apply_rewrite(Program({"a.py": "x = 1\n"}), [FileBlock("", text)]), EditRefusal.SYNTAX)
    assert applied(edit("int a;\n", "int a(;\n", program={"program.cpp": "int a;\n"}), "exact") == "int a(;\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("final", [True, False])
def test_line_ends_stay_as_in_the_parent(newline, final):
    program = newline.join(["a = 1", "b = 1", "c = 1"]) + (newline if final else "")
    expected = newline.join(["a = 1", "b = 2", "c = 2"]) + (newline if final else "")
    assert applied(edit("b = 1\nc = 1\n", "b = 2\nc = 2\n", program=program), "exact") == expected
    assert applied(rewrite("```python\r\na = 1\r\nb = 2\r\nc = 2\r\n```", program=program), "rewrite") == expected
    assert applied(edit("c = 1\n", "", program=program), "exact") == program.rstrip()[:-5].rstrip() + (
        newline if final else ""
    )


# --- for any answer -------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(LINES, LINES, st.data())
def test_an_exact_edit_is_the_textual_replacement(lines, new, data):
    start = data.draw(st.integers(0, len(lines)))
    search = lines[start : data.draw(st.integers(start, len(lines)))]
    places = [k for k in range(len(lines)) if lines[k : k + len(search)] == search]
    assume(any(line.strip() for line in search) and len(places) == 1)
    expected = joined(lines[:start] + new + lines[start + len(search) :])
    result = edit(joined(search), joined(new), program={"p.txt": joined(lines)})
    assert result == Applied(Program({"p.txt": expected}), "exact") if new != search else isinstance(result, Refused)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 8), st.integers(0, 7), st.sampled_from(["", " ", "\t", "   "]), st.data())
def test_noise_of_space_in_search_lands_in_the_same_place(count, start, margin, data):
    lines = [" " * data.draw(st.integers(0, 4)) + f"line {n}" for n in range(16)]
    window = lines[start : start + count]
    noisy = [margin + line + data.draw(st.sampled_from(["", " ", "\n", " \n\t"])) for line in window]
    result = edit(joined(noisy), f"{margin}new\n", program={"p.txt": joined(lines)})
    assert isinstance(result, Applied)
    text = result.program.text.split("\n")
    assert (text[:start], text[start].strip(), text[start + 1 : -1]) == (lines[:start], "new", lines[start + count :])


@settings(max_examples=400, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=2), st.sampled_from([("p.txt", TWO), ("program.py", MARKED)]))
def test_whatever_is_answered_frozen_text_and_paths_are_safe(changes, file):
    parent = Program({file[0]: file[1], "lib/a.py": "X = 1\n"})
    lines, edits, blocks, answer = file[1].split("\n"), [], [], ""
    for path, start, count, new, keep in changes:
        search, kept = lines[start : start + count], lines[start : start + count // 2] if keep else []
        edits.append(SearchReplace(path, joined(search), joined(kept + new)))
        blocks.append(FileBlock(path, joined(lines[:start] + kept + new + lines[start + count :])))
        marked = ["<<<<<<< SEARCH", *search, "=======", *kept, *new, ">>>>>>> REPLACE"]
        answer += f"{path}\n{joined(marked)}```{path}\n{joined(new)}```\n"
    results = [apply_edits(parent, edits[:n]) for n in (0, 1, 2)] + [apply_rewrite(parent, blocks, ("*", "lib/*"))]
    results += [apply_edits(parent, find_edits(answer)), apply_rewrite(parent, find_blocks(answer))]
    for result in results:
        if isinstance(result, Refused):
            assert result.detail.strip()
            continue
        assert result.program != parent
        frozen = result.program.frozen_parts()
        assert {path: frozen[path] for path in parent.files} == parent.frozen_parts()
        assert not [p for p in result.program.files if re.search(r"^[/~]|^\w:|[\\\x00]|(^|/)\.\.?(/|$)", p)]
