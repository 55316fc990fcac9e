"""HTTP/1.1 towards clients. The only floor that imports h11; it knows nothing of models, formats or providers."""
