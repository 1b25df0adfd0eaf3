"""Find samples in a project of any size, and do something to those that were found."""
