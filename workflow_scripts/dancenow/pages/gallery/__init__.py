"""The gallery: source, skeleton and result of every transfer in one page, in step, with their numbers."""
