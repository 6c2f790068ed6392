"""Prompts: small templates, put together in order, and left out in order when they would be too long.

Every part is a Jinja2 template of its own. A problem's folder `prompts/` may replace any of them by a file of the
same name; what it does not name stays as it is in the box.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evolve import ProblemError, Program, Trial
from evolve.feedback import Pictures, pictures_of
from evolve.interfaces import ProblemFacts

__all__ = ["Part", "Prompter", "pictures", "shown", "tokens_in"]

_CHARACTERS_PER_TOKEN = 4
_LONGEST_OUTCOME = 800


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
        texts = [(self.one(part.template, {**data, **part.data}), part.spare) for part in parts]
        while sum(tokens_in(text) for text, _ in texts) > self.most_tokens:
            worst = max(range(len(texts)), key=lambda i: (texts[i][1], i), default=0)
            if not texts or texts[worst][1] == 0:
                break
            del texts[worst]
        return "\n\n".join(text for text, _ in texts if text)

    def one(self, template: str, data: Mapping[str, Any]) -> str:
        """Render one template.

        Raises:
            ProblemError: it has a mistake; says in which file and line.
        """
        name = f"{template}.j2"
        own = self.problem.prompts.get(name)
        try:
            compiled = _environment().from_string(own) if own is not None else _shipped(name)
            return compiled.render(problem=self.problem, blocks=_blocks(self.problem), **data).strip()
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            raise ProblemError(f"prompts/{name}{f':{line}' if line else ''}: {error}") from error


def shown(trial: Trial, problem: ProblemFacts) -> dict[str, Any]:
    """Return what templates may show of a trial.

    Returns:
        `number`, `score`, `files` (its program as fenced blocks with paths), `feedback` (pictures taken out),
        `metrics`, `outcome` (a few lines on how it ended), `main`, `language`, `several` (it has more than one file),
        `regions` (it has EVOLVE-BLOCK lines), `frozen` (what stands outside of them).
    """
    program = trial.program
    marked = any("EVOLVE-BLOCK-START" in text for text in program.files.values())
    said = pictures_of(trial.feedback).text
    how = f"{trial.failure.value}: {said}" if trial.failure is not None else f"score {trial.score}"
    return {
        "number": trial.number,
        "score": trial.score,
        "files": _fenced(program.files, problem.evolvable),
        "feedback": said,
        "metrics": dict(sorted(trial.metrics.items())),
        "outcome": how[:_LONGEST_OUTCOME],
        "main": program.main,
        "language": _language(program.main),
        "several": len(program.files) > 1,
        "regions": marked,
        "frozen": _fenced(_frozen(program), problem.evolvable) if marked else "",
    }


def pictures(trials: Sequence[Trial]) -> tuple[bytes, ...]:
    """Return the pictures in the feedback of trials, as PNG or JPEG files."""
    found: list[Pictures] = [pictures_of(trial.feedback) for trial in trials]
    return tuple(image for each in found for image in each.images)


def tokens_in(text: str) -> int:
    """Return about how many tokens a text has."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _frozen(program: Program) -> Mapping[str, str]:
    return {path: text for path, text in program.frozen_parts().items() if "EVOLVE-BLOCK-START" in text}


def _fenced(files: Mapping[str, str], evolvable: Sequence[str]) -> str:
    blocks = []
    for path, text in files.items():
        longest = max((len(run) for run in _backticks(text)), default=0)
        fence = "`" * max(3, longest + 1)
        blocks.append(f"{fence}{_language(path)} {path}\n{text.rstrip()}\n{fence}")
    return "\n\n".join(blocks)


def _backticks(text: str) -> Iterable[str]:
    run = ""
    for character in text:
        if character == "`":
            run += "`"
        elif run:
            yield run
            run = ""
    if run:
        yield run


_LANGUAGES = {"py": "python", "cpp": "cpp", "cc": "cpp", "c": "c", "rs": "rust", "js": "javascript", "pl": "perl"}


def _language(path: str) -> str:
    ending = path.rpartition(".")[2]
    return _LANGUAGES.get(ending, ending if ending != path else "text")


def _blocks(problem: ProblemFacts) -> list[str]:
    if problem.primitives is None:
        return []
    return [_signature(block) for block in problem.primitives.primitives]


def _signature(block: Any) -> str:
    inside = ", ".join(f"{parameter.name}: {parameter.type}" for parameter in block.parameters)
    return f"{block.name}({inside}) -> {block.returns}"


@functools.cache
def _environment() -> jinja2.Environment:
    made = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    made.filters["amount"] = lambda value: f"{value:g}"
    made.tests["finite"] = math.isfinite
    return made


@functools.cache
def _shipped(name: str) -> jinja2.Template:
    file = resources.files("evolve_plugins.mutators") / "prompts" / name
    if not file.is_file():
        raise jinja2.TemplateNotFound(name)
    return _environment().from_string(file.read_text(encoding="utf-8"))
