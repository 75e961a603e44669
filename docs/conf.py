"""How Sphinx builds these pages: ``tox -e docs``, where a warning is an error."""

from __future__ import annotations

import importlib.metadata

project = "dualapp"
author = "The dualapp developers"
copyright = f"2026, {author}"
release = importlib.metadata.version("dualapp")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "_extra"]
html_theme = "furo"
html_title = f"dualapp {release}"
html_static_path = ["_static"]
# The reports of `dualapp tradeoff`, which are pages of their own.
html_extra_path = ["_extra"]
html_css_files = ["dualapp.css"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
