"""Other relays beside this one: the same work on one machine. `make bench-peers` runs it. It judges nobody."""
