"""Nothing here answers."""

from dualapp import DualApp

app = DualApp(__name__)


@app.get("/")
def index():
    raise ValueError("broken")
