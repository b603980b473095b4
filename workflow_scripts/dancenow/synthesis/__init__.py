"""A pose and a model in, painted frames out; a long clip in chunks.

Never in it: training.
"""
