"""What a plugin does wrong becomes one line that names the plugin and the place."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from types import TracebackType

from evolve.errors import EvolveError, PluginError

__all__ = ["blaming"]

_log = logging.getLogger(__name__)


class blaming:  # noqa: N801 - reads like the function that it is; as a generator it took five times as long
    """Turn whatever a plugin's own code raises into a `PluginError`; the traceback goes to the debug log.

    Args:
        plugin: whose code runs.
        doing: name of the method that was called.

    Raises:
        PluginError: it raised something; an `EvolveError` passes as it is, since it speaks to its reader already.
    """

    __slots__ = ("_doing", "_plugin")

    def __init__(self, plugin: object, doing: str) -> None:
        self._plugin, self._doing = plugin, doing

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pass on what was raised, or raise what it means."""
        if not isinstance(error, Exception) or isinstance(error, EvolveError):
            return
        name = type(self._plugin).__name__
        _log.debug("%s.%s failed", name, self._doing, exc_info=error)
        frame = traceback.extract_tb(trace)[-1]
        said = " ".join(str(error).split())[:200]
        what = f"{type(error).__name__}: {said}" if said else type(error).__name__
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        raise PluginError(f"{name}.{self._doing} raised {what} ({place})") from error
