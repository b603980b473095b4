"""Frames in, marked frames out; a finished video in, signed out; any video in, what it states out.

Never in it: networks, poses, settings of a training, and any claim that a video without a statement is real.
"""
