"""How fast Terrarium is, measured on real work: `python -m benchmarks [names] [--quick]`."""
