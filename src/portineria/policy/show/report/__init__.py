"""A report in blocks, and blocks drawn: HTML, Markdown."""
