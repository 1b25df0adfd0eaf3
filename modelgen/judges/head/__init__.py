"""The reward head: features of a response (a model's hidden state, or text features) to a distribution over levels. Pure."""
