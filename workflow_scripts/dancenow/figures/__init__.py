"""Figures and tables for print, of one stage or of a comparison.

Takes finished results; returns PNG, PDF, CSV and LaTeX files, and videos that show a stage. Never contains
computations that belong to an earlier rule.
"""
