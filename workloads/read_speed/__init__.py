"""Plain Python job: images per second from image files and from TFRecords, over a grid of batch sizes and counts."""
