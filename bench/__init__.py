"""What the relay costs, as ratios: `make bench`. Never imported by the relay, never sends anything beyond 127.0.0.1."""
