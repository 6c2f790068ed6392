"""The tables of `problem.toml`, each a frozen pydantic model that answers an unknown key with the nearest known one."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from evolve.errors import did_you_mean
from evolve.evaluation import Limits

__all__ = [
    "BudgetTable",
    "ClassKeysTable",
    "LimitsTable",
    "ModelTable",
    "PluginTable",
    "ProblemTable",
    "ProgramTable",
    "RunTable",
    "SandboxTable",
    "StageTable",
    "Table",
]

Positive = Annotated[float, Field(gt=0)]
Level = Literal["text", "source", "dataflow", "behaviour"]
PositiveInt = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
_DEFAULT = Limits()
Names = Annotated[tuple[str, ...], Strict(False)]


class Table(BaseModel):
    """A frozen table that answers an unknown key with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    raise PydanticCustomError("unknown_key", "unknown key{hint}", {"key": str(key), "hint": hint})
        return data


class PluginTable(BaseModel):
    """Which plugin to use, and its settings: `{use = "islands", count = 4}`, or just its name.

    Args:
        use: the name it was registered under.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    use: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _accept_a_name(cls, data: Any) -> Any:
        return {"use": data} if isinstance(data, str) else data

    @property
    def settings(self) -> dict[str, Any]:
        """The plugin's settings."""
        return dict(self.model_extra or {})


class ModelTable(PluginTable):
    """A model that may propose, how it is asked, and its client's own settings (`model`, `base_url`, ...).

    Args:
        weight: how often it is chosen where nobody chooses better, relative to the others, > 0.
        concurrency: requests at once, > 0.
        requests_per_minute: most requests begun in any minute; 0 is no limit.
        tokens_per_minute: most tokens of requests and answers in any minute; 0 is no limit.
        timeout_s: of one try, seconds, > 0.
        retries: how many times a request is tried again after a fault that may pass, >= 0.
        give_up_after: requests in a row that failed for good, before the model is not asked any more, > 0.
        max_tokens: longest answer, tokens, > 0, for requests that do not say.
        temperature: of sampling, for requests that do not say; None leaves it to the server.
        price_in: US dollars per million tokens of requests; None looks it up.
        price_out: US dollars per million tokens of answers; None looks it up.
    """

    weight: Positive = 1.0
    concurrency: PositiveInt = 8
    requests_per_minute: NotNegative = 0.0
    tokens_per_minute: NotNegative = 0.0
    timeout_s: Positive = 600.0
    retries: Annotated[int, Field(ge=0)] = 5
    give_up_after: PositiveInt = 8
    max_tokens: PositiveInt = 8192
    temperature: NotNegative | None = None
    price_in: NotNegative | None = None
    price_out: NotNegative | None = None

    @field_validator("use")
    @classmethod
    def _split_short_form(cls, use: str) -> str:
        if ":" in use:
            raise PydanticCustomError("short_form", "write the name of the client here, and the model's in `model`")
        return use


class ProblemTable(Table):
    """What the problem is.

    Args:
        title: one line for people.
        statement: the task in words, Markdown.
        statement_file: a file of the folder to read the statement from instead.
        direction: which scores are better.
        source: where the problem comes from.
        records: file of best known values, which candidates cannot read.
    """

    title: str = ""
    statement: str = ""
    statement_file: str = ""
    direction: Literal["maximise", "minimise"] = "maximise"
    source: str = ""
    records: str = "records.json"


class ProgramTable(Table):
    """What evolves.

    Args:
        seed: file, folder or glob pattern of the first programs, or a list of these.
        entry: signature of the function that the evaluator calls, such as "pack(n: int) -> Circles".
        also_called: names of further functions that the evaluator calls; all others may be renamed.
        evolvable: glob patterns of the files that may change.
    """

    seed: Names = ("seed.py",)
    entry: str = ""
    also_called: Names = ()
    evolvable: Names = ("*",)

    @field_validator("seed", mode="before")
    @classmethod
    def _accept_one_seed(cls, seed: Any) -> Any:
        return [seed] if isinstance(seed, str) else seed

    @field_validator("entry")
    @classmethod
    def _check_signature(cls, entry: str) -> str:
        head = entry if "(" in entry or not entry else f"{entry}()"
        try:
            ast.parse(f"def {head}: ..." if entry else "")
        except SyntaxError:
            raise PydanticCustomError(
                "entry", "{entry} is no signature; write one such as 'pack(n: int) -> Circles'", {"entry": repr(entry)}
            ) from None
        return entry

    @property
    def entry_name(self) -> str:
        """Name of the entry function, or ""."""
        return self.entry.partition("(")[0].strip()

    @property
    def called(self) -> tuple[str, ...]:
        """Names of all functions that the evaluator calls; empty when the problem does not say."""
        return (self.entry_name, *self.also_called) if self.entry_name else ()


class LimitsTable(Table):
    """What one evaluation may use; see `evolve.Limits` for the units."""

    wall_s: Positive = _DEFAULT.wall_s
    cpu_s: Annotated[float, Field(ge=0)] = _DEFAULT.cpu_s
    memory_mb: PositiveInt = _DEFAULT.memory_mb
    result_mb: PositiveInt = _DEFAULT.result_mb
    output_kb: PositiveInt = _DEFAULT.output_kb
    scratch_mb: Annotated[int, Field(ge=0)] = _DEFAULT.scratch_mb
    threads: PositiveInt = _DEFAULT.threads
    fuel: Positive = _DEFAULT.fuel

    def limits(self) -> Limits:
        """Return them as the engine's own noun."""
        return Limits(**self.model_dump())


class StageTable(Table):
    """One rung of the ladder; any field of `Limits` may be set in it too, and else is the problem's.

    Args:
        name: of the stage.
        instances: glob patterns of instance ids.
        min_score: a program that does worse (in the problem's direction) goes no further; None lets all valid ones on.
        finalists: the stage is no part of the search: when that has ended, so many of its best programs are judged
            there, on instances of any split. None: a stage of the search.
    """

    name: str = Field(min_length=1)
    instances: Names = ("*",)
    min_score: float | None = None
    finalists: PositiveInt | None = None
    wall_s: Positive | None = None
    cpu_s: Annotated[float, Field(ge=0)] | None = None
    memory_mb: PositiveInt | None = None
    result_mb: PositiveInt | None = None
    output_kb: PositiveInt | None = None
    scratch_mb: Annotated[int, Field(ge=0)] | None = None
    threads: PositiveInt | None = None
    fuel: Positive | None = None

    def limits(self, base: Limits) -> Limits:
        """Return the problem's limits with this stage's own laid over."""
        own = self.model_dump(include={field.name for field in dataclasses.fields(Limits)}, exclude_none=True)
        return dataclasses.replace(base, **own)


class ClassKeysTable(Table):
    """When two programs count as the same, and what a program of a known class leads to.

    Args:
        levels: what is compared: the text, the normalised source, the dataflow of straight-line programs, the probed
            behaviour.
        policy: what becomes of a hit: "reuse", "average", "forget", "tabu" or "remutate".
        average_up_to: evaluations of a class before "average" only reuses, > 0.
        forget: probability that "forget" evaluates a hit anew and starts its class over.
        tries: hits in a row that "tabu" and "remutate" refuse before they let one pass, > 0.
        audit: share of the hits that are evaluated as well and compared.
        audit_tolerance: how far two scores may be apart and still count as equal, relative and absolute, >= 0.
        digits: binary digits of a float's mantissa that count in a behaviour key, 1 to 53.
        cache: folder of a cache of outcomes that runs share, relative to the working directory; "" is none.
    """

    levels: Annotated[tuple[Level, ...], Strict(False)] = ("text", "source", "behaviour")
    policy: Literal["reuse", "average", "forget", "tabu", "remutate"] = "reuse"
    average_up_to: PositiveInt = 4
    forget: Share = 0.1
    tries: PositiveInt = 100
    audit: Share = 0.0
    audit_tolerance: NotNegative = 1e-9
    digits: Annotated[int, Field(ge=1, le=53)] = 30
    cache: str = ""

    @field_validator("cache")
    @classmethod
    def _average_new_evaluations_only(cls, cache: str, info: ValidationInfo) -> str:
        if cache and info.data.get("policy") == "average":
            raise PydanticCustomError("average", "policy 'average' needs evaluations of its own; leave the cache out")
        return cache


class BudgetTable(Table):
    """Where a run ends, whichever comes first; None is no limit; `cpu_seconds` counts the whole run.

    What models cost, `usd` (US dollars) and `tokens`, is set aside before a request is sent.
    """

    trials: PositiveInt | None = None
    evaluations: PositiveInt | None = None
    seconds: Positive | None = None
    cpu_seconds: Positive | None = None
    usd: Positive | None = None
    tokens: Positive | None = None


class RunTable(Table):
    """How a run goes.

    Args:
        seed: of all its random streams, >= 0.
        order: commit as results come ("completed"), or in trial order whatever the timing ("fixed").
        workers: how many evaluations at once; 0 is one per core.
        in_flight: how many actions are open at once; 0 is chosen to keep the workers busy.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    order: Literal["completed", "fixed"] = "completed"
    workers: Annotated[int, Field(ge=0)] = 0
    in_flight: Annotated[int, Field(ge=0)] = 0


class SandboxTable(Table):
    """The border.

    Args:
        preload: modules that the warm parent of all candidates imports once.
        tier: what candidates may start: nothing ("pure"), threads, or compilers and other programs ("processes").
        required: the weakest isolation to accept, a rung from 1 (best) to 4.
        highest_rung: the best isolation to try, to test a weaker one on a machine that has more.
        inline: straight-line programs of the problem's primitives need no border: run them without a fork.
    """

    preload: Names = ("numpy",)
    tier: Literal["pure", "threads", "processes"] = "threads"
    required: Annotated[int, Field(ge=1, le=4)] = 3
    highest_rung: Annotated[int, Field(ge=1, le=4)] = 1
    inline: bool = False
