"""Pages to open in a browser: the gallery, the footage report, and whatever else is published.

Takes clips and finished results; gives HTML, complete in itself or with its videos beside it. Never in it:
anything computed that a rule before should have computed.
"""
