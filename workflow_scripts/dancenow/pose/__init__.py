"""Frames in, the keypoints of one performer out.

Finds everyone, follows one of them, reads and writes other formats, moves a dance from clip to clip, and
draws skeletons and masks. Never in it: networks that synthesize.
"""
