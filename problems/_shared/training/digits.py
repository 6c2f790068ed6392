"""Handwritten digits: 1,797 images of 8 x 8 pixels in 17 shades of grey, and what they show.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49, licence CC BY 4.0. `digits.npz` has the images of its test part, written by 13 people,
in their order, as scikit-learn ships them in `sklearn.datasets.load_digits`, with pixels and labels stored as bytes;
nothing else was changed. SHA-256 of the images followed by the labels:
87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

__all__ = ["CLASSES", "PIXELS", "Labelled", "Part", "load"]

Labelled: TypeAlias = tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.int64]]]
"""Inputs, one row an example, and the class of each."""
Part = Literal["train", "validation", "test"]

PIXELS, CLASSES = 64, 10
_FILE = Path(__file__).with_name("digits.npz")
_SHUFFLE = 20240229  # of the images, so that every part has all writers
_BORDERS = {"train": (0, 1000), "validation": (1000, 1397), "test": (1397, 1797)}


@functools.cache
def load(part: Part) -> Labelled:
    """Return one part of the images: 1,000 to train on, 397 to choose by, 400 to report on. They never change.

    Args:
        part: which.

    Returns:
        Images of shape (count, 64), grey from 0 to 1, and labels 0 to 9; both read-only.
    """
    with np.load(_FILE) as stored:
        images, labels = stored["images"], stored["labels"]
    order = np.random.default_rng(_SHUFFLE).permutation(len(images))[slice(*_BORDERS[part])]
    x, y = images[order] / 16.0, labels[order].astype(np.int64)
    x.setflags(write=False)
    y.setflags(write=False)
    return x, y
