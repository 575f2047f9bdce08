"""Spark job: images arrive as a stream, are decoded, resized and written; the rate that is sustained, and its latency."""
