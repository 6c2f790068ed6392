"""The README's first screen has exactly two commands, and they are the ones that .ci/run executes."""

from __future__ import annotations

import re

from house_sources import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = README[: README.index("\n## ")]


def test_the_first_screen_is_short() -> None:
    assert FIRST_SCREEN.count("\n") <= 30


def test_the_first_screen_has_exactly_two_commands_of_one_line() -> None:
    blocks = re.findall(r"```bash\n(.*?)```", FIRST_SCREEN, re.DOTALL)
    assert len(blocks) == 2
    assert [block.count("\n") for block in blocks] == [1, 1]


def test_the_first_command_runs_the_main_job_and_the_second_the_tests() -> None:
    main_job, tests = re.findall(r"```bash\n(.*?)\n```", FIRST_SCREEN, re.DOTALL)
    assert re.search(r"evolve problems/circle_packing\b", main_job)
    assert re.search(r"/pytest\b", tests)


def test_the_script_of_all_checks_takes_its_commands_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_command 1" in script
    assert "readme_command 2" in script


def test_every_link_to_a_file_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken
