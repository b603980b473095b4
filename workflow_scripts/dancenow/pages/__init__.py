"""Pages for a browser: the gallery, the footage report, and published Markdown pages.

Takes clips and finished results; returns HTML, self-contained or with its videos beside it. Never contains
computations that belong to an earlier rule.
"""
