"""The camera of a clip: how it moved, as a map from each frame into one view of the scene, shot by shot.

Takes frames and the places of people in them; returns a CameraPath, and a target's frames as a steady camera
would have filmed them. Never contains the choice of the performer, or networks.
"""
