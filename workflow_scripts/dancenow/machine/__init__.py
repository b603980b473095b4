"""This machine and the presets in; which presets fit, and how long each stage will take, out.

Never contains the training loop or results of a run.
"""
