"""Everything that speaks to providers. The only floor that imports aiohttp, and one file (`pool.py`) its inner API."""
