"""The camera of a clip: how it moved, as a map from each frame into one view of the scene, shot by shot.

Takes frames and where people are in them; gives a CameraPath. Never in it: who the performer is, networks.
"""
