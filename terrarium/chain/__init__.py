"""The EVM seam: engines, codec, artifacts. Knows nothing of markets."""
