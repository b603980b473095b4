"""Frames in, frames that say what they are out; a video in, whether it says so.

Never in it: networks, poses, settings of a training.
"""
