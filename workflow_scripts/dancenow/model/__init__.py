"""The networks, their losses and files, and what they are given: background, masks and windows.

Takes tensors and the files of weights; gives networks, and the places and pictures that they synthesize into.
Never in it: the loop that trains them.
"""
