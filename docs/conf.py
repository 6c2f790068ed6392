"""Sphinx with MyST, furo and the docstrings of the public names. Build: `sphinx-build -W docs docs/_build`."""

from __future__ import annotations

import importlib.metadata

project = "evolve"
author = "The evolve developers"
release = importlib.metadata.version("evolve-engine")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

html_theme = "furo"
html_title = f"evolve {release}"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True, "exclude-members": "__init__, __new__"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
