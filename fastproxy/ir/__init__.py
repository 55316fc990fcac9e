"""What is said, in no vendor's words: requests, events, and the fold between a stream and a whole response."""
