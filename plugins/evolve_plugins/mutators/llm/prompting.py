"""Prompts: small templates, put together in order, and left out in order when they would be too long.

Every part is a Jinja2 template of its own. A problem's folder `prompts/` may replace any of them by a file of the
same name; what it does not name stays as it is in the box.
"""

from __future__ import annotations

import functools
import math
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

import jinja2
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import Name
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evolve import ProblemError, Program, Trial
from evolve.feedback import Pictures, pictures_of
from evolve.interfaces import ProblemFacts
from evolve.primitives import Parameter, Primitive

__all__ = ["Part", "Prompter", "mistakes_in", "pictures", "shown", "tokens_in"]

_CHARACTERS_PER_TOKEN = 4
_LONGEST_OUTCOME = 800
_LONGEST_FEEDBACK = 12_000
_COMMON = frozenset({"problem", "blocks", "parent", "mate"})
_START = re.compile("EVOLVE-BLOCK-START")
_TEMPLATE = "<template>"
"""What the template engine calls the file of a text."""
_TYPES = {"seed": "int"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a prompt.

    Args:
        template: name of its template, without ".j2".
        data: what the template shows, besides the problem and the parent.
        spare: parts with the highest number are left out first; 0 is never left out.
    """

    template: str
    data: Mapping[str, Any]
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Prompter:
    """Renders prompts of a problem.

    Args:
        problem: what may be known of it.
        most_tokens: longest prompt, tokens (four characters are taken for one), > 0.
    """

    problem: ProblemFacts
    most_tokens: int = 24_000

    def render(self, parts: Iterable[Part], data: Mapping[str, Any]) -> str:
        """Put parts together, leaving out the least important ones until the rest is short enough.

        Args:
            parts: in the order in which they are shown; of equal importance, the later one is left out first.
            data: what all templates show.

        Raises:
            ProblemError: a template of the problem's folder has a mistake.
        """
        return "\n\n".join(text for _, text in self.fitting(parts, data))

    def fitting(self, parts: Iterable[Part], data: Mapping[str, Any]) -> list[tuple[Part, str]]:
        """Return the parts that `render` puts together, each with its text."""
        texts = [(part, text) for part in parts if (text := self.one(part.template, {**data, **part.data}))]
        size = sum(tokens_in(text) for _, text in texts)
        spared = sorted(range(len(texts)), key=lambda i: (texts[i][0].spare, i))
        while spared and size > self.most_tokens and texts[spared[-1]][0].spare:
            size -= tokens_in(texts[spared.pop()][1])
        return [texts[i] for i in sorted(spared)]

    def one(self, template: str, data: Mapping[str, Any]) -> str:
        """Render one template.

        Raises:
            ProblemError: it has a mistake; says in which file and line.
        """
        name = f"{template}.j2"
        own = self.problem.prompts.get(name)
        try:
            compiled = _compiled(own) if own is not None else _shipped(name)
            blocks = [_block(block) for block in self.problem.primitives.primitives] if self.problem.primitives else []
            return compiled.render(problem=self.problem, blocks=blocks, **data).strip()
        except Exception as error:  # border: a template is the user's, and may do anything
            raise ProblemError(_mistake(name, error)) from error


def mistakes_in(problem: ProblemFacts) -> str:
    """Return what is wrong with the problem's own templates, as far as that shows without rendering them, or ""."""
    found = []
    for name, text in problem.prompts.items():
        try:
            tree = _environment().parse(text if name.endswith(".j2") else "")
        except jinja2.TemplateError as error:
            found.append(_mistake(name, error))
            continue
        there = _names_in(name)
        unknown = find_undeclared_variables(tree) - there if there else set()
        lines = {node.name: node.lineno for node in list(tree.find_all(Name))[::-1] if node.name in unknown}
        hint = f"is not known here; there are {', '.join(sorted(there))}"
        found += [f"prompts/{name}:{line}: {unknown_name!r} {hint}" for unknown_name, line in sorted(lines.items())]
    return "; ".join(found)


def shown(trial: Trial, problem: ProblemFacts) -> dict[str, Any]:
    """Return what templates may show of a trial.

    Returns:
        Of the trial: `number`, `score`, `feedback` (pictures taken out), `metrics`, `failure` (how it failed, such as
        "timeout", or ""), `outcome` (a few lines on how it ended), `idea` (what its author noted). Of its program:
        `files` (fenced blocks with paths), `main` (path that an answer is about when it does not say), `language` and
        `fence` (of a block for that file), `paths` (of files that may change), `fixed` (paths of the others), `several`
        (it has more than one file), `regions` (how many pairs of EVOLVE-BLOCK lines it has), `frozen` (what an author
        must know who sees nothing else: files that may not change, and what stands outside of EVOLVE-BLOCK lines).
    """
    program = trial.program
    paths = [path for path in program.files if any(fnmatchcase(path, pattern) for pattern in problem.evolvable)]
    main = program.main if program.main in paths or not paths else paths[0]
    regions = sum(len(_START.findall(text)) for text in program.files.values())
    failed = next((scored.outcome for scored in trial.outcomes if not scored.outcome.valid), None)
    said = pictures_of(failed.feedback if failed is not None else trial.feedback).text.strip()
    outcome = f"{failed.status.value}: {said}" if failed is not None else f"score {trial.score}"
    fixed = {path: text for path, text in program.files.items() if path not in paths}
    return {
        "number": trial.number,
        "score": trial.score,
        "files": _fenced(program.files),
        "feedback": _short(said, _LONGEST_FEEDBACK),
        "metrics": dict(sorted(trial.metrics.items())),
        "failure": failed.status.value if failed is not None else "",
        "outcome": _short(outcome, _LONGEST_OUTCOME),
        "idea": _short(str(trial.notes.get("idea", "")), _LONGEST_OUTCOME),
        "main": main,
        "language": _language(main),
        "fence": _fence(program.files[main]),
        "paths": paths,
        "fixed": list(fixed),
        "several": len(program.files) > 1,
        "regions": regions,
        "frozen": _fenced({**(_frozen(program) if regions else {}), **fixed}),
    }


def pictures(trials: Sequence[Trial]) -> tuple[bytes, ...]:
    """Return the pictures in the feedback of trials, as PNG or JPEG files."""
    found: list[Pictures] = [pictures_of(trial.feedback) for trial in trials]
    return tuple(image for each in found for image in each.images)


def tokens_in(text: str) -> int:
    """Return about how many tokens a text has."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _short(text: str, most: int) -> str:
    """Return a text of about so many characters at most; of a longer one the middle is left out."""
    return text if len(text) <= most else f"{text[: most * 2 // 3].rstrip()}\n...\n{text[-most // 3 :].lstrip()}"


def _frozen(program: Program) -> Mapping[str, str]:
    return {path: text for path, text in program.frozen_parts().items() if _START.search(text)}


def _fenced(files: Mapping[str, str]) -> str:
    return "\n\n".join(
        f"{_fence(text)}{_language(path)} {path}\n{text.rstrip()}\n{_fence(text)}" for path, text in files.items()
    )


def _fence(text: str) -> str:
    """Return backticks enough for a fence around a text that may have some itself."""
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))


_LANGUAGES = {"py": "python", "cpp": "cpp", "cc": "cpp", "c": "c", "rs": "rust", "js": "javascript", "pl": "perl"}


def _language(path: str) -> str:
    ending = path.rpartition(".")[2]
    return _LANGUAGES.get(ending, ending if ending != path else "text")


def _block(block: Primitive) -> dict[str, Any]:
    """Return what templates may show of a building block: `signature`, `cost` in units, `doc`."""
    inside = ", ".join(f"{p.name}: {_TYPES.get(p.type, p.type)}{_bounds(p)}" for p in block.parameters)
    return {"signature": f"{block.name}({inside}) -> {block.returns}", "cost": block.cost, "doc": block.doc}


def _bounds(parameter: Parameter) -> str:
    low, high = math.isfinite(parameter.low), math.isfinite(parameter.high)
    if low and high:
        return f" from {parameter.low:g} to {parameter.high:g}"
    return f" >= {parameter.low:g}" if low else f" <= {parameter.high:g}" if high else ""


def _mistake(name: str, error: Exception) -> str:
    """Say in one line what is wrong with a template, and where."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _TEMPLATE]
    line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
    said = error.message if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
    return " ".join(f"prompts/{name}{f':{line}' if line else ''}: {said or type(error).__name__}".split())


@functools.cache
def _environment() -> jinja2.Environment:
    made = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    made.filters["amount"] = lambda value: f"{value:.10g}"
    made.tests["finite"] = math.isfinite
    return made


@functools.cache
def _shipped(name: str) -> jinja2.Template:
    text = _text_of(name)
    if text is None:
        raise jinja2.TemplateNotFound(name)
    return _compiled(text)


@functools.lru_cache(maxsize=64)
def _compiled(text: str) -> jinja2.Template:
    return _environment().from_string(text)


@functools.cache
def _names_in(name: str) -> frozenset[str]:
    """Return the names that a template may use, or none when there is no such template in the box."""
    text = _text_of(name)
    return frozenset() if text is None else _COMMON | find_undeclared_variables(_environment().parse(text))


def _text_of(name: str) -> str | None:
    file = resources.files("evolve_plugins.mutators.llm") / "prompts" / name
    return file.read_text(encoding="utf-8") if file.is_file() else None
