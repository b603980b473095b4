"""What jobs ask a cluster for, what became of a batch, what lies on the disk and what it costs.

Takes settings, counts and the files that a run leaves; gives numbers and text. Never in it: torch.
"""
