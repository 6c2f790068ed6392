"""expect: error: 8,388,608 are allowed"""

import os
import struct


def solve():
    os.write(3, struct.pack("<4sIQ", b"EVW1", 2, 1 << 50) + b"[]")
    return 3.0
