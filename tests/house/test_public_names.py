"""Every public name is annotated and documented, and the public face changes only on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import evolve
from house_sources import library_modules

STORED = Path(__file__).with_name("public_names.txt")


def test_the_public_face_is_the_stored_list() -> None:
    assert sorted(evolve.__all__) == STORED.read_text(encoding="utf-8").split(), (
        f"evolve.__all__ is a promise: when the change is meant, write it to {STORED.name} and to CHANGELOG.md"
    )


def test_every_public_name_can_be_imported() -> None:
    assert not [name for name in evolve.__all__ if getattr(evolve, name, None) is None]


def test_every_public_class_and_function_is_documented() -> None:
    assert not [where for where, thing in _public_things() if not (inspect.getdoc(thing) or "").strip()]


def test_every_public_function_is_annotated() -> None:
    bare = []
    for where, thing in _public_things():
        function = thing.fget if isinstance(thing, property) else inspect.unwrap(getattr(thing, "__func__", thing))
        if not inspect.isfunction(function):
            continue
        hints = function.__annotations__
        names = [name for name in inspect.signature(function).parameters if name not in {"self", "cls"}]
        missing = [name for name in (*names, "return") if name not in hints]
        if missing:
            bare.append(f"{where} lacks {', '.join(missing)}")
    assert not bare


def test_every_module_says_what_it_is() -> None:
    assert not [module.__name__ for module in library_modules() if not (module.__doc__ or "").strip()]


def _public_things() -> Iterator[tuple[str, object]]:
    """Yield public classes and functions with their public methods; an override inherits its docstring.

    The tests in `evolve.testing` say in their names what they show.
    """
    for module in library_modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(thing):
                yield f"{module.__name__}.{name}", thing
                for member, value in vars(thing).items():
                    if not member.startswith(("_", "test_")) and _is_callable_member(value):
                        yield f"{module.__name__}.{name}.{member}", getattr(thing, member)
            elif inspect.isfunction(thing):
                yield f"{module.__name__}.{name}", thing


def _is_callable_member(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
