"""What designers are told of their diagrams, measured: `make workbench`."""
