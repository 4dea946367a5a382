"""Sphinx settings. Build with: sphinx-build -W docs build/docs."""

import anomalib_cpp

project = "anomalib_cpp"
author = "the anomalib_cpp authors"
release = version = anomalib_cpp.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"anomalib_cpp {version}"
html_copy_source = False
autodoc_mock_imports = ["torch", "torchmetrics"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = False  # numpydoc loads it; no page uses it
# Class pages list their methods below; numpydoc's own summary table would need a page per method.
numpydoc_show_class_members = False
