"""Text from the untrusted side, made fit for terminals, logs and prompts."""

from __future__ import annotations

import re

__all__ = ["cleaned"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def cleaned(text: str, most_characters: int) -> str:
    """Replace control and direction characters and cut the middle out of a long text.

    Args:
        text: anything.
        most_characters: how much is kept, about half from each end.

    Returns:
        Text in which only newlines and tabs steer a terminal.
    """
    plain = _CONTROL.sub("\ufffd", text.replace("\r\n", "\n"))
    if len(plain) <= most_characters:
        return plain
    half = most_characters // 2
    return f"{plain[:half]}\n... {len(plain) - 2 * half} characters left out ...\n{plain[-half:]}"
