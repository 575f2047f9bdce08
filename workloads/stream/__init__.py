"""Spark job: read images, decode, resize, centre-crop, encode, and write them as TFRecord shards."""
