"""Strategies, what they may see and spend, and the loop."""
