"""Pose estimators behind one interface, and the decision which of them a run uses.

Takes pictures; returns everyone in each, in the 133 keypoints. A whole clip: pose.people.
"""
