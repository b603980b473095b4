"""Real pixels for a wanted pose: parts of the target's footage, moved to where the pose wants them.

Takes frames, poses and masks of the target; gives pictures with a validity. No network, no training: what is
made here is shown to a generator, which may copy it, and to a user, before anything is trained.
"""
