"""Real pixels for a driving pose: pieces of the target's footage, moved to their places in the pose.

Takes frames, poses and masks of the target; returns pictures with a validity. Never contains a network or
training. The pictures are shown to a generator, which may copy them, and to the user before training.
"""
