"""Run an installation on this machine: `python -m deploy.run`, which is what `make run` does.

Starts what the Procfile names: a NATS server and a local mailbox unless NATS_URL and SMTP_URL name
real ones, then the set-up step, then the services. What ends is started again. SIGINT or SIGTERM
stops everything in reverse order. While it runs, `VAR/run.json` says where everything is.

Reads PORT, HOST, VAR, API_WORKERS, NATS_URL, SMTP_URL, NATS_SERVER_BIN and, for other programs,
PROCFILE.
Exits 0 when asked to stop, 1 when the start failed, 2 when it cannot run as asked.
"""

import os
import sys
from collections.abc import Mapping
from math import inf
from pathlib import Path

from deploy.broker import broker_environment, server_binary
from deploy.children import Pace, describe
from deploy.installation import CannotRun, Installation
from deploy.ports import LOOPBACK, greeting, http_status, is_free
from deploy.procfile import Line, Program, read_procfile
from deploy.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent
SETUP = "setup"
START_SECONDS = 30.0
US = "caseward"

# embedded program → the variable that names a real server instead, its name in run.json, and the
# first bytes it sends when it is ready
EMBEDDED = {"nats": ("NATS_URL", "nats", b"INFO "), "mailbox": ("SMTP_URL", "smtp", b"220 ")}


def main() -> int:
    """Run until asked to stop, and return the exit code."""
    os.umask(0o077)
    try:
        lines = _lines(os.environ)
        with Installation(Path(os.environ.get("VAR", "var")).absolute()) as installation:
            return _run(installation, lines)
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 2


def _lines(environment: Mapping[str, str]) -> list[Line]:
    """Return what is to be started: the Procfile without what real servers stand in for."""
    file = Path(environment.get("PROCFILE") or ROOT / "deploy" / "Procfile")
    try:
        lines = read_procfile(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRun(f"{file}: {error}") from error
    real = {name for name, (variable, *_) in EMBEDDED.items() if environment.get(variable)}
    return [line for line in lines if line.name not in real]


def _run(installation: Installation, lines: list[Line]) -> int:
    programs: list[Program] = []

    def changed() -> None:
        try:
            installation.record(supervisor.pids, programs)
        except OSError as error:
            supervisor.say(US, f"run.json cannot be written: {error}".encode())

    width = max(len(name) for name in (US, *(line.name for line in lines)))
    supervisor = Supervisor(ROOT, pace=Pace(), width=width, changed=changed)
    for name in installation.end_orphans():
        supervisor.say(
            US, f"{name} was left running by an earlier start and has been ended".encode()
        )
    environment = _environment(installation, [line.name for line in lines])
    _refuse_taken_port(environment)
    try:
        programs += [line.program(environment) for line in lines]
    except ValueError as error:
        raise CannotRun(f"{error}.") from error
    try:
        failure = _start(supervisor, programs, environment)
        if not failure:
            supervisor.watch()
    finally:
        if supervisor.stopping:
            supervisor.say(US, b"stopping; once more to stop at once")
        supervisor.stop()
        changed()
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


def _environment(installation: Installation, names: list[str]) -> dict[str, str]:
    """Return what every program finds around it: our own environment, completed.

    Notes in `installation` where everything will answer, without passwords.
    """
    defaults = {"HOST": LOOPBACK, "PORT": "8000", "API_WORKERS": "2"}
    around = {**defaults, **os.environ, "VAR": str(installation.folder)}
    around["PYTHONUNBUFFERED"] = "1"
    _prepend(around, "PATH", Path(sys.executable).parent)
    _prepend(around, "PYTHONPATH", ROOT / "services")
    if "nats" in names:
        port = installation.keep_port("nats")
        around["NATS_URL"] = f"nats://{LOOPBACK}:{port}"
        around["NATS_SERVER_BIN"] = server_binary(around)
        around.update(broker_environment(installation.folder / "nats", port))
    if "mailbox" in names:
        around["SMTP_URL"] = f"smtp://{LOOPBACK}:{installation.keep_port('smtp')}"
    installation.addresses["api"] = f"http://{_reachable(around['HOST'])}:{around['PORT']}"
    for variable, key, _ in EMBEDDED.values():
        scheme, _, rest = around.get(variable, "").partition("://")
        installation.addresses[key] = f"{scheme}://{rest.rpartition('@')[2]}" if rest else ""
    return around


def _prepend(environment: dict[str, str], variable: str, folder: Path) -> None:
    folders = (str(folder), environment.get(variable, ""))
    environment[variable] = os.pathsep.join(filter(None, folders))


def _reachable(host: str) -> str:
    return LOOPBACK if host == "0.0.0.0" else host  # noqa: S104 - compared with, not bound


def _refuse_taken_port(environment: Mapping[str, str]) -> None:
    host, port = environment["HOST"], environment["PORT"]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotRun(f"PORT must be a number from 1 to 65535, not {port!r}.")
    try:
        free = is_free(host, int(port))
    except OSError as error:
        raise CannotRun(f"HOST is {host!r}, and nothing can listen there: {error}.") from error
    if not free:
        raise CannotRun(
            f"Port {port} of {host} is taken. Stop what uses it, or choose another port; "
            f"a second installation also needs a folder of its own: make run PORT=8002 VAR=var-2"
        )


def _start(
    supervisor: Supervisor, programs: list[Program], environment: Mapping[str, str]
) -> str | None:
    """Start everything in order and say when it is ready. Return why it cannot be, if so."""
    for program in programs:
        if supervisor.stopping:
            return None
        if program.name == SETUP:
            code = supervisor.run(program)
            if code:
                return f"The set-up {describe(code)}; its last lines say why."
            continue
        supervisor.keep(program)
        if program.name in EMBEDDED and not _answers(supervisor, program):
            return f"{program.name} did not answer within {START_SECONDS:g} s; see its lines above."
    _announce(supervisor, environment)
    return None


def _answers(supervisor: Supervisor, program: Program) -> bool:
    """Wait until an embedded server is ready. True also when asked to stop meanwhile."""
    variable, _, expected = EMBEDDED[program.name]
    port = int(program.environment[variable].rpartition(":")[2])
    ready = supervisor.until(lambda: greeting(port).startswith(expected), START_SECONDS)
    return ready or supervisor.stopping


def _announce(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """Say where everything is, once it is ready to serve."""
    host, port = _reachable(environment["HOST"]), int(environment["PORT"])

    def ready() -> bool:
        return http_status(host, port, "/health/ready") == 200

    address = f"http://{host}:{port}"
    if not supervisor.until(ready, START_SECONDS):
        if not supervisor.stopping:
            supervisor.say(US, f"not ready yet; {address}/health/ready says why".encode())
        if not supervisor.until(ready, inf):
            return
    supervisor.say(US, f"ready: {address}, described at {address}/schema/openapi.json".encode())
    if "mailbox" in supervisor.pids:
        supervisor.say(US, f"mail goes no further than {environment['VAR']}/mailbox".encode())
    supervisor.say(US, b"stop with Ctrl-C")


if __name__ == "__main__":
    sys.exit(main())
