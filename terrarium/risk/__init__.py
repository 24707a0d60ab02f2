"""Risk measures and the monitor. Reads events only, from a record or a live node."""
