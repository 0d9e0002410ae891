"""dlib's max-margin object detection (MMOD) face network in PyTorch, with dlib's detections."""
