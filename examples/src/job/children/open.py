"""The same loop in Python: CPython's reference counts close each file at once, PyPy's collector does not."""
import json
import os
import time

OPENS = int(os.environ.get('OPENS', '20000'))
opened = peak = 0
error = None
started = time.perf_counter()
try:
    while opened < OPENS:
        file = open(__file__, 'rb')  # never closed
        opened += 1
        peak = max(peak, file.fileno() + 1)  # the kernel hands out the lowest free number
except OSError as problem:
    error = 'EMFILE' if problem.errno == 24 else str(problem)
seconds = time.perf_counter() - started
print(json.dumps({'type': 'result', 'opened': opened, 'peak': peak, 'seconds': seconds, 'error': error}), flush=True)
