"""Whether a response is right, said by a program: final answers and verifiable instructions. Pure; no model text is ever executed."""
