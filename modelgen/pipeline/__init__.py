"""The stages that make prompts, dialogues, responses and preference pairs, and the recipes that put them together. Pure."""
