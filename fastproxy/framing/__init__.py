"""Bytes to frames and back: HTTP/1.1 heads and chunks, server-sent events. No JSON, no sockets; every buffer bounded."""
