"""expect: error|timeout|ok|killed"""

import array
import os
import socket


def solve():
    channel = socket.socket(fileno=3)
    flags = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 200)
    for _ in range(50):
        channel.sendmsg([b"EVW1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, flags.tobytes())])
    return 2.0
