"""An application that needs a package which is not there."""

raise ModuleNotFoundError("No module named 'flask'", name="flask")
