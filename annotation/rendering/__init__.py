"""Texts of models and people as HTML that can do nothing: pure, text in and HTML out.

`pages.render` reads a text as Markdown, `visible.as_written` shows it letter by letter. docs/decisions/0030-rendering.md
says why it is done here and not in the browser.
"""
