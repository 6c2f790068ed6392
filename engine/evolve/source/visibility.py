"""Which names of a module somebody else may see: the ones that alpha-renaming must leave alone."""

from __future__ import annotations

import ast
import builtins

from evolve.source.scopes import Module, Variable

__all__ = ["Visibility", "looks_at_itself"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNSAFE_MODULES = _words(
    "__main__ builtins code codeop ctypes cython dis gc importlib inspect jax linecache marshal numexpr pandas pdb "
    "pickle runpy symtable tensorflow tokenize torch trace traceback"
)
"""Libraries that read a program's names, source or bytecode."""

_UNSAFE_NAMES = _words(
    "NameError UnboundLocalError __annotations__ __builtins__ __doc__ __file__ __import__ __loader__ __spec__ "
    "breakpoint compile dir eval exec globals locals open vars"
)
_UNSAFE_ATTRIBUTES = _words(
    "_current_frames _getframe currentframe exc_info exception get_annotations get_type_hints modules setprofile "
    "settrace"
)
_UNSAFE_PREFIXES = ("f_", "tb_", "co_", "gi_", "cr_")
"""Attributes of frames, tracebacks, code, generators and coroutines."""

_SAFE_DUNDERS = _words(
    "__abs__ __add__ __bool__ __call__ __contains__ __enter__ __eq__ __exit__ __float__ __ge__ __getitem__ __gt__ "
    "__hash__ __init__ __int__ __iter__ __le__ __len__ __lt__ __main__ __matmul__ __mul__ __ne__ __neg__ __new__ "
    "__next__ __post_init__ __pow__ __repr__ __setitem__ __str__ __sub__ __truediv__"
)
_INTROSPECTED = frozenset({"intermediate_result"})
"""Parameter names that a numerical library looks for in a callback."""

_BUILTINS = frozenset(dir(builtins))


def looks_at_itself(module: Module) -> bool:
    """Tell whether a module could notice that its names or its text have changed."""
    words = {name for scope in module.scopes for name in scope.loads}
    stored = {name for scope in module.scopes for name in scope.stores}
    return bool(
        module.typed
        or words & _UNSAFE_NAMES
        or module.attributes & _UNSAFE_ATTRIBUTES
        or any(name.partition(".")[0] in _UNSAFE_MODULES for name in module.imports)
        or any(name.startswith(_UNSAFE_PREFIXES) for name in module.attributes)
        or any(name.startswith("__") and name not in _SAFE_DUNDERS for name in module.attributes | module.strings)
        or any(name.startswith("__") and not name.endswith("__") for name in words | stored)  # mangled in a class
    )


class Visibility:
    """What others may see of a module.

    Args:
        module: its scopes.
        entries: names that are called from outside; None when any top-level name may be used elsewhere.
        siblings: module names of the program's own files.
    """

    def __init__(self, module: Module, entries: frozenset[str] | None, siblings: frozenset[str]) -> None:
        self.siblings = siblings
        self._entries = None if module.star or module.imports & siblings else entries
        self._kept = module.keywords | module.strings | _INTROSPECTED
        self._fixed_parameters = module.unpacks_keywords
        defined: set[str] = set()
        for node, scope in module.scope_of.items():
            if scope.parent is module.root and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                defined.add(node.name)
                if self.public(node.name):
                    for name in scope.parameters:
                        scope.variables[name].fixed = True
        if self._entries is not None and not self._entries <= defined:  # an entry is another name of some function
            self._fixed_parameters = True

    def public(self, name: str) -> bool:
        """Tell whether a top-level name may be used from outside."""
        return self._entries is None or name in self._entries or name.startswith("__")

    def free(self, variable: Variable) -> bool:
        """Tell whether nothing but the module itself can see a variable's name."""
        if variable.fixed or variable.scope.kind == "class":
            return False
        if variable.scope.kind == "module":
            return not self.public(variable.name) and variable.name not in self._kept and variable.name not in _BUILTINS
        return not (variable.parameter and (self._fixed_parameters or variable.name in self._kept))

    def unread(self, variable: Variable) -> bool:
        """Tell whether nobody ever looks at what a variable holds."""
        if variable.reads or variable.fixed:
            return False
        return variable.scope.kind != "module" or not self.public(variable.name)
