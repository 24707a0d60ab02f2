"""One file, one strategy: the folder is the registry. Imported as `terrarium.agents`."""
