"""Credentials of providers, and which of them serves the next request."""
