"""Starts threads that never end."""

import threading
import time

escaped = []
for _ in range(200):
    try:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        escaped.append("thread")
    except RuntimeError:
        pass
