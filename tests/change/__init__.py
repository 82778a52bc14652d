"""What `make change` runs: new versions under running cases, with figures."""
