"""What a plugin does wrong becomes one line that names the plugin and the place."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

from evolve.errors import EvolveError, PluginError

__all__ = ["blaming"]

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def blaming(plugin: object, doing: str) -> Iterator[None]:
    """Turn whatever a plugin's own code raises into a `PluginError`; the traceback goes to the debug log.

    Args:
        plugin: whose code runs.
        doing: name of the method that was called.

    Raises:
        PluginError: it raised something; an `EvolveError` passes as it is, since it speaks to its reader already.
    """
    try:
        yield
    except EvolveError:
        raise
    except Exception as error:  # border: a plugin's own code
        _log.debug("%s.%s failed", type(plugin).__name__, doing, exc_info=True)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())[:200]
        what = f"{type(error).__name__}: {said}" if said else type(error).__name__
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        raise PluginError(f"{type(plugin).__name__}.{doing} raised {what} ({place})") from error
