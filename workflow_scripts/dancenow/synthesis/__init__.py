"""A pose and a model in, synthesized frames out; a long clip in chunks.

Never contains training.
"""
