"""What is done with runs: replay."""
