"""Frames in, the keypoints of one performer out.

Finds everyone, follows one person, reads and writes other formats, normalises a dance to another clip, and
draws skeletons and masks. Never contains networks that synthesize.
"""
