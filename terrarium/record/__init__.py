"""The run folder: append, read, verify."""
