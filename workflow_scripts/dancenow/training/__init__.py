"""Footage and settings in, a model out, over as many attempts, processes and stages as it takes.

Samples, steps, checkpoints, previews, and their record. Never contains figures for print or the
scores of a finished result.
"""
