"""The memory graph in Python: blocks freed by __del__. `memory.py pressure` also tells PyPy's collector of the bytes."""
import ctypes
import gc
import json
import os
import sys
import time

BLOCKS = int(os.environ.get('BLOCKS', '25'))
BLOCK_BYTES = 32 * 2**20
KEPT, SETTLE = 0.1, 0.15

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

if 'pressure' in sys.argv:
    from __pypy__ import add_memory_pressure
else:
    def add_memory_pressure(amount):
        pass


class Block:
    def __init__(self):
        self.pointer = libc.malloc(BLOCK_BYTES)
        libc.memset(self.pointer, 1, BLOCK_BYTES)
        add_memory_pressure(BLOCK_BYTES)

    def __del__(self):
        libc.free(self.pointer)
        add_memory_pressure(-BLOCK_BYTES)


def use_block():
    block = Block()
    time.sleep(KEPT)
    libc.memset(block.pointer, 2, 64)


def tell(**message):
    print(json.dumps(message), flush=True)


time.sleep(SETTLE)
tell(type='mark', name='start')
time.sleep(SETTLE)
for done in range(1, BLOCKS + 1):
    use_block()
    tell(type='progress', done=done, total=BLOCKS)
tell(type='mark', name='last')
time.sleep(SETTLE)
gc.collect()
time.sleep(SETTLE)
tell(type='mark', name='end')
