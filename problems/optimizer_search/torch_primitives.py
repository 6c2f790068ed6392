"""The primitives over torch tensors, so that a rule trains torch modules, on a GPU where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evolve_problems.optimizer_search.primitives import GUARD

__all__ = ["load_torch", "torch_functions"]


def load_torch() -> Any:
    """Return the module torch.

    Raises:
        SystemExit: it is not installed; the line says what to install.
    """
    try:
        import torch
    except ImportError:
        raise SystemExit("torch is not installed; pip install 'evolve-engine[torch]'") from None
    return torch


def torch_functions(device: str = "cpu") -> Mapping[str, Callable[..., Any]]:
    """Return each primitive by its name, for tensors and numbers.

    Args:
        device: where numbers become tensors.
    """
    torch = load_torch()

    def tensor(x: Any) -> Any:
        return x if torch.is_tensor(x) else torch.tensor(float(x), device=device)

    def on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: function(*map(tensor, arguments))

    def norm(x: Any) -> Any:
        return x.square().sum().sqrt()

    def clipped(x: Any, limit: float = 1.0) -> Any:
        return x.clamp(-limit, limit)

    plain = {
        "absolute": torch.abs,
        "sign": torch.sign,
        "square": torch.square,
        "cube": lambda x: x * x.square(),
        "sqrt": lambda x: x.abs().sqrt(),
        "cbrt": lambda x: x.sign() * x.abs().pow(1.0 / 3.0),
        "reciprocal": lambda x: 1.0 / (x + GUARD),
        "exp": torch.exp,
        "expm1": torch.expm1,
        "log": lambda x: x.abs().log(),
        "log1p": lambda x: x.abs().log1p(),
        "sin": torch.sin,
        "cos": torch.cos,
        "tan": torch.tan,
        "arcsin": lambda x: torch.asin(clipped(x)),
        "arccos": lambda x: torch.acos(clipped(x)),
        "arctan": torch.atan,
        "sinh": torch.sinh,
        "cosh": torch.cosh,
        "tanh": torch.tanh,
        "arcsinh": torch.asinh,
        "arctanh": lambda x: torch.atanh(clipped(x, 0.999999)),
        "add": torch.add,
        "subtract": torch.sub,
        "multiply": torch.mul,
        "divide": lambda x, y: x / (y + GUARD),
        "power": lambda x, y: x.abs().pow(y),
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "interp": lambda x, y, a: (1.0 - a) * x + a * y,
        "dot": lambda x, y: (x * y).sum(),
        "norm": norm,
        "cosine_similarity": lambda x, y: (x * y).sum() / (norm(x) * norm(y) + GUARD),
        "clip_by_norm": lambda x, limit: x * (norm(limit) / (norm(x) + GUARD)).clamp(max=1.0),
    }
    return {name: on_tensors(function) for name, function in plain.items()}
