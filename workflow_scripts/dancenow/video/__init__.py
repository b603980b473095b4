"""Clips in, frames out; frames in, videos out.

Also says what ffprobe finds in a clip, which part of it is used, and where it is cut. Never in it: people.
"""
