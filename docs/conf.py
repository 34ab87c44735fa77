"""Sphinx configuration."""

project = "skeleton-aug"
author = "The skeleton-aug authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
autodoc_typehints = "description"
napoleon_google_docstring = False
