"""Keypoints of other programs: read into the canonical skeleton, and written for them.

docs/footage.md describes the formats for users, docs/architecture.md the mapping.
"""
