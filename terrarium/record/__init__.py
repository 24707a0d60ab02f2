"""The run folder: append, read, verify.

run.json              what was run: scenario, seed, versions, hashes; how it ended
journal.sqlite        acknowledged blocks not yet compacted, and the list of parts with their sha256
<table>/part-*.parquet  everything older; columns in `terrarium.record.schema`
"""
