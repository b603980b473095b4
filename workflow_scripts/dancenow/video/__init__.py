"""Clips in, frames out; frames in, videos out.

Also reads a clip's properties, selects the part to use, and finds cuts. Never deals with people.
"""
