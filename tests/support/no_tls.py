"""The TLS of clients that speak to 127.0.0.1 or to nobody: one context for all of them, which trusts no one.

An SDK would read the certificates of every authority for each client that is made: 25 ms, in google-genai three times.
"""

import ssl

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
