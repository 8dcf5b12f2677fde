"""Runs a command on a terminal whose output is stopped (Ctrl-S) for some seconds, and started again (Ctrl-Q), some
seconds after it has begun to print.

usage: stopped-terminal.py AFTER_S FOR_S COMMAND...
Ends with the command's exit code; what it printed is thrown away.
"""

import os
import pty
import select
import sys
import time

after_s, for_s = float(sys.argv[1]), float(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])

begun_s = None
stopped = started = False
while True:
    passed_s = 0 if begun_s is None else time.monotonic() - begun_s
    if not stopped and passed_s > after_s:
        os.write(terminal, b"\x13")
        stopped = True
    if not started and passed_s > after_s + for_s:
        os.write(terminal, b"\x11")
        started = True
    readable, _, _ = select.select([terminal], [], [], 0.05)
    if readable:
        try:
            if not os.read(terminal, 65536):
                break
        except OSError:
            break
        begun_s = begun_s or time.monotonic()

_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
