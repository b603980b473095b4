"""Frames in, marked frames out; a finished video in, signed out; any video in, its statement out.

Never contains networks, poses, settings of a training, or a claim that a video without a statement is real.
"""
