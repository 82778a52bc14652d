"""Speed and size, measured through the product: `make bench`. Never a test: figures depend on the machine."""
