"""What the Snakefile reads before any rule runs: names as written, pairs, and what makes a rule run again.

Takes configuration, code and the users' files; gives text and hashes. Never in it: torch, OpenCV or anything
else that the environment of Snakemake lacks.
"""
