"""expect: error: lists and dicts|malformed"""

import os
import struct


def solve():
    header = b"[" * (1 << 20)
    frame = struct.pack("<4sIQ", b"EVW1", len(header), 0) + header
    while frame:
        frame = frame[os.write(3, frame) :]
    return 3.0
