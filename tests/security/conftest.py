"""What an outside judge would try, against the whole application on files of its own."""

from tests.incidents.api.conftest import app, client, life, template

__all__ = ["app", "client", "life", "template"]
