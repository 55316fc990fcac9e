"""Other relays beside this one: the same work on one machine. Only in a checkout: `make bench-peers` runs it."""
