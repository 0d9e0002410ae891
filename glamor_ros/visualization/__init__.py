"""Pictures for people: boxes, labels and attention maps drawn over camera images."""
