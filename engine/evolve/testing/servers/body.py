"""Reading the JSON body of a request, and refusing it as the real servers do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evolve.testing.servers.conversation import Message

__all__ = [
    "Refused",
    "read_content",
    "read_json",
    "read_messages",
    "read_number",
    "read_texts",
    "split_prefill",
]


class Refused(Exception):
    """A request is answered with an error of the protocol.

    Args:
        status: HTTP status, from 400 on.
        message: what is wrong.
        code: the protocol's word for it, where the status does not say it all.
        retry_after: seconds for the retry-after header, or None for no such header.
    """

    def __init__(self, status: int, message: str, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.retry_after = retry_after


def read_json(data: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Refused: it is none.
    """
    try:
        body = json.loads(data)
    except ValueError as error:
        raise Refused(400, f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    return body


def read_number(body: Mapping[str, Any], name: str, low: int | None = None, high: int | None = None) -> int | None:
    """Read a whole number, or None where it is missing or null.

    Args:
        body: of the request.
        name: of the field.
        low: the least it may be, or None.
        high: the most it may be, or None.

    Raises:
        Refused: it is not a whole number in the range.
    """
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(400, f"{name} must be a whole number")
    if (low is not None and value < low) or (high is not None and value > high):
        raise Refused(
            400,
            f"{name} is {value}; it must be {'at least' if high is None else 'from'} {low}"
            + ("" if high is None else f" to {high}"),
        )
    return value


def read_texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read one text or a list of texts; empty ones are left out.

    Raises:
        Refused: it is neither.
    """
    value = body.get(name)
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
        raise Refused(400, f"{name} must be a text or a list of texts")
    return tuple(filter(None, values))


def read_content(content: object, image: str) -> tuple[str, int]:
    """Read the content of a message: its text parts, joined by newlines, and the number of its images.

    Args:
        content: a text, a list of parts, or None.
        image: the type of a part that is an image.

    Raises:
        Refused: it is something else, or has a part that is neither text nor image.
    """
    if content is None or isinstance(content, str):
        return content or "", 0
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise Refused(400, "the content of a message must be a text or a list of parts")
    texts = [part.get("text") for part in content if part.get("type") == "text"]
    images = sum(part.get("type") == image for part in content)
    if len(texts) + images < len(content) or not all(isinstance(text, str) for text in texts):
        raise Refused(400, f"a part of a message must be a text or of type {image}")
    return "\n".join(map(str, texts)), images


def read_messages(body: Mapping[str, Any], roles: Sequence[str], image: str) -> list[Message]:
    """Read all messages.

    Args:
        body: of the request.
        roles: that a message may have.
        image: the type of a part that is an image.

    Raises:
        Refused: there is no message, or one is malformed.
    """
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise Refused(400, "messages must be a list of at least one message")
    messages = []
    for message in given:
        role = message.get("role") if isinstance(message, dict) else None
        if role not in roles:
            raise Refused(400, f"the role of a message must be one of {', '.join(roles)}")
        messages.append(Message(str(role), *read_content(message.get("content"), image)))
    return messages


def split_prefill(messages: Sequence[Message]) -> tuple[tuple[Message, ...], str]:
    """Return the messages without a last one by the assistant, and the text of that one, which the answer continues."""
    if messages and messages[-1].role == "assistant":
        return tuple(messages[:-1]), messages[-1].text
    return tuple(messages), ""
