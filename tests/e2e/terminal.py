"""A person at a terminal: reads what is shown, types when a program waits for it."""

import os
import pty
import select
import subprocess
import termios
import time

#: Longer than anything here takes on a busy machine; only a scenario that fails waits for so long.
PATIENCE = 30


class Terminal:
    """A program at a pseudo-terminal, which also shows what it writes to stdout unless that is named."""

    def __init__(self, command, *, cwd, env, stdout=None):
        self._master, slave = pty.openpty()
        self.shown = ""
        self._seen = 0
        env = env | {"TERM": "xterm"}
        ends = {"stdin": slave, "stdout": slave if stdout is None else stdout, "stderr": slave}
        self.child = subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, **ends)
        os.close(slave)

    def wait_for(self, words):
        """Waits until the words are shown, behind those that were waited for before."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown[self._seen :]:
            if not self._read(deadline):
                self.child.kill()
                raise AssertionError(f"`{words}` does not come, but:\n{self.shown}")
        self._seen = self.shown.index(words, self._seen) + len(words)

    def type(self, keys):
        """Types once the program has turned the echo off, as it does while it waits for keys."""
        deadline = time.monotonic() + PATIENCE
        while termios.tcgetattr(self._master)[3] & termios.ECHO:
            assert time.monotonic() < deadline, f"nobody waits for `{keys}`:\n{self.shown}"
            time.sleep(0.005)
        os.write(self._master, keys.encode())

    def answer(self, question, keys):
        """Waits for a question and types the answer."""
        self.wait_for(question)
        self.type(keys)

    def end(self):
        """Reads on to the end and returns the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        os.close(self._master)
        return self.child.wait(PATIENCE)

    def _read(self, deadline):
        """Reads a piece; says whether there was one."""
        left = max(0, deadline - time.monotonic())
        if not select.select([self._master], [], [], left)[0]:
            return False
        try:
            piece = os.read(self._master, 4096)
        except OSError:
            # Nobody holds the other end any more.
            return False
        self.shown += piece.decode("utf-8", "replace")
        return bool(piece)
