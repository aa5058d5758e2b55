"""Set the guard over a mailcli that a test starts; Python imports this by its name (site).

The environment says what to guard (`tests.conftest`, fixture `mailcli_env`).
"""

import os
import sys

_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))  # noqa: PTH100, PTH118, PTH120 - pathlib would be imported into the measured child

if "MAILCLI_TEST_JOURNAL" in os.environ:
    sys.path.insert(0, _ROOT)
    from tests.support.guard import Guard

    sys.path.remove(_ROOT)
    sys.addaudithook(
        Guard(
            os.environ["MAILCLI_TEST_HOMES"].split(os.pathsep),
            os.environ["MAILCLI_TEST_ALLOWED"].split(os.pathsep),
            journal=os.environ["MAILCLI_TEST_JOURNAL"],
        ).hear
    )
