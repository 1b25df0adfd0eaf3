"""The policies: how many people are asked of a sample, and what follows from what they say."""
