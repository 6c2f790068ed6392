"""One trial, with its program, its outcomes, and what models were asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evolve import views
from evolve.calls import calls
from evolve.cli.report import number as written
from evolve.errors import LedgerError
from evolve.messages import Message
from evolve.record import Record, reading

__all__ = ["one_trial", "trial_text"]

_PICTURE_SHOWN = "(picture, {} bytes)"


def one_trial(folder: Path, number: int, *, with_calls: bool) -> dict[str, Any]:
    """Return all that the record knows about a trial, as JSON-able data.

    Args:
        folder: of the run.
        number: of the trial.
        with_calls: also the requests to models that it came from, and their answers.

    Raises:
        LedgerError: there is no such run, or no such trial.
    """
    with reading(folder) as record:
        last = next(record.query("SELECT max(number) FROM trials"))[0]
        if last is None or not 0 <= number <= last:
            raise LedgerError(f"{folder} has no trial {number}; there are trials 0 to {last}")
        trial = views.trial(record, number)
        return {
            "number": number,
            "status": trial.status.value,
            "score": trial.score,
            "operator": trial.operator,
            "model": trial.model,
            "parents": list(trial.parents),
            "notes": dict(trial.notes),
            "outcomes": [
                {
                    "instance": scored.instance,
                    "stage": scored.stage,
                    "status": scored.outcome.status.value,
                    "score": scored.outcome.score,
                    "feedback": scored.outcome.feedback,
                }
                for scored in trial.outcomes
            ],
            "files": dict(trial.program.files),
            **({"calls": list(_calls(record, number))} if with_calls else {}),
        }


def _calls(record: Record, number: int) -> Iterator[dict[str, Any]]:
    step = next(record.query("SELECT step FROM trials WHERE number = ?", (number,)))[0]
    for call in calls(record, "step = ?", step):
        yield {
            "model": call.model,
            "request": {
                **call.request.to_plain(),
                "messages": [_message(message) for message in call.request.messages],
            },
            "answer": call.answer.text if call.answer is not None else None,
            "fault": f"{call.fault}: {call.detail}" if call.fault else "",
            "prompt_tokens": call.bill.prompt_tokens,
            "completion_tokens": call.bill.completion_tokens,
            "usd": call.bill.usd,
        }


def _message(message: Message) -> dict[str, Any]:
    shown = [_PICTURE_SHOWN.format(len(image)) for image in message.images]
    return {"role": message.role, "text": message.text, "images": shown}


def trial_text(found: Mapping[str, Any]) -> str:
    """Write a trial for people."""
    head = [
        f"trial {found['number']}: {found['status']}, score {written(found['score'])}",
        f"made by {found['operator']}{' with ' + found['model'] if found['model'] else ''} from "
        + (" and ".join(map(str, found["parents"])) or "nothing"),
    ]
    notes = [f"{name}: {value}" for name, value in found["notes"].items()]
    outcomes = [
        f"{o['stage']} {o['instance']}: {o['status']} {written(o['score']) if o['score'] is not None else ''}".rstrip()
        + (f"\n    {_indented(o['feedback'])}" if o["feedback"] else "")
        for o in found["outcomes"]
    ]
    files = [f"=== {path} ===\n{text.rstrip()}" for path, text in found["files"].items()]
    return "\n".join([*head, *notes, *outcomes, *(_call_text(call) for call in found.get("calls", ())), *files])


def _call_text(call: Mapping[str, Any]) -> str:
    tokens = f"{call['prompt_tokens']} + {call['completion_tokens']} tokens"
    lines = [f"--- asked {call['model']} ({tokens}) ---"]
    request = call["request"]
    lines += [f"[system]\n{request['system']}"] if request["system"] else []
    lines += [
        f"[{m['role']}]\n{m['text']}" + "".join(f"\n{image}" for image in m["images"]) for m in request["messages"]
    ]
    lines.append(f"[{call['model']} answers]\n{call['answer']}" if call["answer"] is not None else f"[{call['fault']}]")
    return "\n".join(lines)


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n    ")
