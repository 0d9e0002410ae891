"""The masked CRC-32C that TensorFlow stores beside its data."""

import google_crc32c

# LevelDB masks what it stores, since the checksum of data that hold checksums is weak.
_MASK_DELTA = 0xA282EAD8


def masked_crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of ``data``, rotated right by 15 bits plus a constant, 32 bits."""
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF
