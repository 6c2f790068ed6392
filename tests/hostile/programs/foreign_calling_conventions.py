"""expect: killed|error|ok"""

import ctypes
import mmap

FORK_BY_INT_80 = bytes.fromhex("b802000000 cd80 4898 c3".replace(" ", ""))


def solve():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(FORK_BY_INT_80)
    call = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    done = call()
    if done == 0:
        while True:
            pass
    assert done < 0, done
    return 2.0
