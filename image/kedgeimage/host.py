"""Running host tools: one place for errors, environment and the build cache."""

import os
import pathlib
import shutil
import subprocess

# 2024-01-01T00:00:00Z: where nothing says otherwise, and wherever a time must not matter.
CONSTANT_TIME = 1704067200
_HERE = pathlib.Path(__file__).parent


def _source_time() -> int:
    """SOURCE_DATE_EPOCH of the caller, else when the checked-out commit was made."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        # Root may build what belongs to somebody else: reading a commit's time runs nothing of it.
        done = subprocess.run(["git", "-c", "safe.directory=*", "log", "-1", "--format=%ct"],
                              cwd=_HERE, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return CONSTANT_TIME
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else CONSTANT_TIME


# The build time that an image states and measures, and every timestamp in it.
SOURCE_DATE_EPOCH = _source_time()


class BuildError(Exception):
    """Something a person has to act on; the message says what and how."""


def cache_dir() -> pathlib.Path:
    """Where downloads are kept between builds. Deleting it costs time, nothing else."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(os.environ.get("KEDGE_CACHE") or pathlib.Path(base) / "kedge")
    path.mkdir(parents=True, exist_ok=True)
    return path


def environment(epoch: int = SOURCE_DATE_EPOCH) -> dict[str, str]:
    """A fixed locale, time zone and clock, so that tools cannot leak the host into an image."""
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        # mtools refuses file systems whose size is not a multiple of a drive geometry.
        "MTOOLS_SKIP_CHECK": "1",
    }


def require(*tools: str) -> None:
    """Refuses to start when a tool is missing, naming all of them at once."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        raise BuildError(
            f"missing on this machine: {', '.join(missing)}; install what scripts/packages lists")


def run(*command: object, cwd: pathlib.Path | None = None, stdin: bytes | None = None,
        epoch: int = SOURCE_DATE_EPOCH) -> str:
    """Runs a command and returns its standard output; failure shows the end of its output."""
    argv = [str(part) for part in command]
    done = subprocess.run(argv, cwd=cwd, input=stdin, env=environment(epoch), capture_output=True,
                          check=False)
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
        raise BuildError(f"{' '.join(argv)[:300]} ended with status {done.returncode}:\n{tail}")
    return done.stdout.decode(errors="replace")


def run_inside(tree: pathlib.Path, *command: object) -> str:
    """Runs a program of the tree within the tree, so that the host's version does not matter."""
    return run("chroot", tree, *command)
