"""The REST interface: translate in, one service call, translate out."""
