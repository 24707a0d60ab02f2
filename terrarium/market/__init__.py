"""Contract families: build calls, decode events, deploy, mirror. Knows nothing of agents."""
