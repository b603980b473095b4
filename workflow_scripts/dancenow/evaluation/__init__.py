"""A result and the truth in; numbers with their intervals out.

Measures pictures, motion and poses, frame by frame, and puts them into tables. Never in it: pictures for
print.
"""
