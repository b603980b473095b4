"""Videos in, a verdict real or fake with its confidence out.

Learns from real and synthetic videos, judges others, and reports its own errors. Never contains
knowledge of how the videos were made: neither poses nor settings of a training.
"""
