"""A testbed for autonomous agents that trade tokenised real-world assets on real contracts."""
