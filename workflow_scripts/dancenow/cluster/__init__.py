"""What jobs request from a cluster, the summary of a batch, what can be deleted from the disk.

Takes settings, counts and the files of a run; returns numbers and text. Never imports torch.
"""
