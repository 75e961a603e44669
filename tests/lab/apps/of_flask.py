"""An application of Flask's, as far as its name goes."""


class Flask:
    pass


app = Flask()
