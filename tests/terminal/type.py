"""Types at a program on a terminal of its own, as a person would.

    type.py STEPS PROGRAM [ARGUMENT...]

STEPS is a JSON list of [AWAITED, KEYS]: once AWAITED was shown since the last step, KEYS are typed. KEYS may be a list: a command,
which has to go well while the program waits. Prints {"exit": code, or minus the signal, "screen": all that was shown}.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
PATIENCE = 60

child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    # Whoever runs the tests in the background ignores it, and that would be inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.pop("NO_COLOR", None)
    os.execv(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))

screen, seen = "", 0


def words(text):
    """Without colours and movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def show_until(awaited):
    """Reads on until it was shown; None: until the program ends."""
    global screen, seen
    end = time.monotonic() + PATIENCE
    while awaited is None or awaited not in words(screen[seen:]):
        if time.monotonic() > end:
            sys.exit(f"never shown: {awaited!r}\n{words(screen)}")
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            part = b""
        if not part:
            if awaited is not None:
                sys.exit(f"ended before it showed {awaited!r}\n{words(screen)}")
            return
        screen += part.decode("utf-8", "replace")
    seen = len(screen)


for awaited, keys in steps:
    show_until(awaited)
    if isinstance(keys, list):
        subprocess.run(keys, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    else:
        os.write(terminal, keys.encode())
show_until(None)
status = os.waitpid(child, 0)[1]
print(json.dumps({"exit": os.waitstatus_to_exitcode(status), "screen": words(screen)}))
