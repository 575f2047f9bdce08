"""Python job: answers requests for the class of an image, under a load that grows until the latency goal is missed."""
