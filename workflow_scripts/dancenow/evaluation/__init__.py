"""A result and the ground truth in, numbers with intervals out.

Measures pictures, motion and poses, frame by frame, and makes tables. Never contains figures for
print.
"""
