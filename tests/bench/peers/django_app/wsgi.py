"""The Django peer for a server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.peers.django_app.settings")
application = get_wsgi_application()
