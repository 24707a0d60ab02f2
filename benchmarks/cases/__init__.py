"""The benchmarks, one file each: `run(quick)` gives a `Result`. A file put here is found."""
