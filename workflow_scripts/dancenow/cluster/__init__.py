"""What jobs ask a cluster for, what became of a batch, what can be deleted from the disk.

Takes settings, counts and the files that a run leaves; gives numbers and text. Never in it: torch.
"""
