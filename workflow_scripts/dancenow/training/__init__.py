"""Footage and settings in, a model out, over as many attempts, processes and stages as it takes.

Samples, steps, checkpoints, previews, and the record of all that. Never in it: figures for print, and the
scores of a finished result.
"""
