"""The camera of a clip: how it moved, as a map from each frame into one view of the scene, shot by shot.

Takes frames and where people are in them; gives a CameraPath, and a target's frames as a steady camera would
have seen them. Never in it: who the performer is, networks.
"""
