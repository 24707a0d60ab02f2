"""Rules that turn events into alerts."""
