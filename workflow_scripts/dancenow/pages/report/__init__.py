"""The footage report: whether a clip, or a pair of clips, is suitable, before any training."""
