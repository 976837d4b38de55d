"""onnxruntime's own packages report to Microsoft which program loads it, on which machine: a number of the machine's and a store of such
events in the home folder, and a connection after a while. What this program reads is confidential, and nothing of it is to be told.

It knows one way to be refused altogether, a variable of the environment, which it reads when it is imported.
"""

import os


def unreported() -> None:
    """Called before onnxruntime is imported; holds for this process and those that it begins."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
