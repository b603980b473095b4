"""The footage report: whether a clip, or a pair of clips, will do, said before any training."""
