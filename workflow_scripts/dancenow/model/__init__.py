"""The networks, their losses and files, and their inputs: background, masks and windows.

Takes tensors and weight files; returns networks, and the windows and backgrounds that they synthesize into.
Never contains the loop that trains them.
"""
