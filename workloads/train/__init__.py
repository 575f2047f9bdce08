"""Training MobileNetV2 on TFRecords: on one device, on several, or on the nodes of a cluster."""
