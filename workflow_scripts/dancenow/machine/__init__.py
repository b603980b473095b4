"""This machine and the presets in; what fits, and how long each stage will take, out.

Never in it: the training loop, results of a run.
"""
