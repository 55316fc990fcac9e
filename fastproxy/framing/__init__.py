"""Bytes to frames and back: HTTP/1.1 heads and chunks, event streams. No JSON, no sockets; every buffer bounded."""
