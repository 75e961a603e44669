"""An application with a thread that keeps the process that imports it from ending."""

import threading
import time

from dualapp import DualApp

app = DualApp(__name__)
threading.Thread(target=time.sleep, args=(600,)).start()
