"""What the Snakefile needs before any rule runs: names as written, pairs, and reasons for reruns.

Takes configuration, code and the users' files; returns text and hashes. Never imports torch, OpenCV or
anything else that the environment of Snakemake lacks.
"""
