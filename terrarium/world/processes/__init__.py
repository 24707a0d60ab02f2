"""Physical processes, one a file: a scenario names the file."""
