"""Sources: what is edited, and what must not change by a letter."""

from __future__ import annotations

import ast
import dataclasses

import pytest

from evolve.program import Program
from evolve_plugins.mutators.source import Source, Unreadable, editable

FROZEN = '''"""Frozen docstring."""
import math  # frozen comment

# EVOLVE-BLOCK-START
from toyblocks import scatter, settle
RATE = 0.5   # evolvable


def solve(n):
    return settle(scatter(n, 1))
# EVOLVE-BLOCK-END


def check( x ):   # oddly   laid out
    return math.sqrt( x )
'''


def opened(toy, text):
    return Source.open(Program({"program.py": text}), toy.facts)


def test_text_outside_the_regions_stays_to_the_letter(toy):
    source = opened(toy, FROZEN)
    source.replace_entry("def solve(n):\n    return settle(spread(n, 0.5))")
    source.tidy(toy.facts.primitives)
    child = source.write()
    assert child.frozen_parts() == source.program.frozen_parts()
    assert "from toyblocks import settle, spread" in child.text
    assert "RATE" not in child.text


def test_an_unchanged_source_is_written_back_to_the_letter(toy):
    text = toy.searching
    source = opened(toy, text)
    assert not source.changed
    assert source.write().text == text


def test_an_entry_function_outside_the_regions_is_not_touched(toy):
    text = "def solve(n):\n    return 1\n# EVOLVE-BLOCK-START\nX = 1\n# EVOLVE-BLOCK-END\n"
    with pytest.raises(Unreadable, match="no evolvable function 'solve'"):
        opened(toy, text)


def test_a_file_that_is_no_python_or_frozen_by_its_name_is_not_touched(toy):
    with pytest.raises(Unreadable, match="is not Python"):
        opened(toy, "def solve(n: return")
    facts = dataclasses.replace(toy.facts, evolvable=("lib/*",))
    with pytest.raises(Unreadable, match="frozen"):
        Source.open(Program({"program.py": toy.naive}), facts)


def test_only_evolvable_python_files_are_offered_for_editing(toy):
    program = Program({"program.py": "x = 1", "lib/a.py": "y = 2", "notes.txt": "z"})
    assert editable(program, toy.facts) == ("program.py", "lib/a.py")
    assert editable(program, dataclasses.replace(toy.facts, evolvable=("lib/*",))) == ("lib/a.py",)


def test_a_long_table_keeps_its_text_and_shows_no_numbers(toy):
    rows = ",\n    ".join(f"[{i}.5, {i}e-3]" for i in range(40))
    text = f"TABLE = [\n    {rows},\n]\n\n\ndef solve(n):\n    return TABLE[n]\n"
    source = opened(toy, text)
    numbers = [n for n in source.nodes() if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    source.replace_entry("def solve(n):\n    return TABLE[n + 1]")
    assert numbers == []
    assert f"    {rows},\n]" in source.write().text


def test_functions_and_imports_that_nothing_uses_are_removed(toy):
    text = "import math\nimport os\n\n\ndef unused():\n    return os.name\n\n\ndef solve(n):\n    return math.sqrt(n)\n"
    source = opened(toy, text)
    assert source.write().text == "import math\n\n\ndef solve(n):\n    return math.sqrt(n)\n"


def test_other_files_of_a_program_may_import_what_looks_unused(toy):
    program = Program({"program.py": "def helper():\n    return 1\n\n\ndef solve(n):\n    return n\n", "b.py": "x = 1"})
    assert "helper" in Source.open(program, toy.facts).write().text


def test_new_imports_come_after_the_docstring_and_future_imports(toy):
    source = opened(toy, '"""Doc."""\nfrom __future__ import annotations\n\n\ndef solve(n):\n    return n\n')
    source.replace_entry("def solve(n):\n    return settle(scatter(n, 1))")
    source.tidy(toy.facts.primitives)
    text = source.write().text
    assert text.startswith('"""Doc."""\nfrom __future__ import annotations\nfrom toyblocks import scatter, settle\n')
    assert len(toy.run(text)) == 6
