"""Pictures, charts and tables for print, of one stage or of a comparison.

Takes finished results; gives PNG, PDF, CSV and LaTeX files, and videos that show a stage. Never in it:
anything computed that a rule before should have computed.
"""
