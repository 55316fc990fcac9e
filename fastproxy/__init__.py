"""A low-overhead relay for LLM APIs: one local address for every client, every provider.

The folders are the architecture; `docs/architecture.md` draws the floors and says what may import what.
"""

__version__ = "0.1.0"
