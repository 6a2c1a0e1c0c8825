"""What an outside judge would try, against the whole application on files of its own."""

from tests.incidents.api.conftest import client, life, template

__all__ = ["client", "life", "template"]
