"""Videos in; real or synthetic out, with how sure that is.

Learns from pairs of real and synthetic videos, judges others, and reports on its own errors. Never in it:
what made the videos; it knows neither a pose nor the settings of a training.
"""
