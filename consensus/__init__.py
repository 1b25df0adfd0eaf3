"""Pure numbers: what people and judges said of a sample, and what follows from it.

Numpy in, numpy out. No web framework, no database, no clock, and no chance unless a generator is passed in,
so that every module can be imported and tried in a notebook.
"""
