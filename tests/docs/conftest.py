"""An installation for each module, as `make run` starts it, in a folder that looks like ours."""

from collections.abc import Iterator

import pytest

from deploy.ports import free_port
from tests.deploy.supervised import Supervised, supervised
from tests.docs.walk import ROOT, folder_for

PROCFILE = ROOT / "deploy" / "Procfile"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """Everything that `make run` starts, with a first checkpoint; its data lies in `var`."""
    folder = folder_for(tmp_path_factory.mktemp("walk"))
    with supervised(folder, PROCFILE.read_text(), port=free_port()) as running:
        running.until_ready()
        running.until((running.var / "checkpoints" / "latest.txt").exists)
        yield running
        assert running.stop() == 0
