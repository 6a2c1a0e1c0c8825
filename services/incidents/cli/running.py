"""The programs of the service, and what has to be there before they start."""

import logging
import sys
from contextlib import suppress

import click

from incidents.cli.ground import Failed, opened, settings_here
from incidents.config import Settings


@click.command(help="Answer REST requests on HOST:PORT, with API_WORKERS processes.")
def serve() -> None:
    from incidents.api.workers import Workers

    settings = settings_here()
    if settings.api_workers > 1 and not settings.api_worker:
        command = (sys.executable, "-m", "incidents", "serve")
        Workers(command, settings.api_workers, logging.getLogger("incidents.api").warning).run()
    else:
        _serve(settings)


def _serve(settings: Settings) -> None:
    import uvicorn

    from incidents.api.app import create_app
    from incidents.api.workers import bound

    with opened(settings) as installation:
        config = uvicorn.Config(
            create_app(installation),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        try:
            listener = bound(settings.host, settings.port, shared=settings.api_workers > 1)
        except OSError as reason:
            where = f"port {settings.port} of {settings.host}"
            raise Failed(f"Nothing can listen on {where}: {reason.strerror}.") from reason
        with listener, suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


@click.command(help="Follow the log: views, evidence, deadlines, and the way to and from NATS.")
def worker() -> None:
    import asyncio

    from incidents.worker import run

    with opened(settings_here()) as installation:
        asyncio.run(run(installation))


@click.command(help="Create the streams and consumers in NATS. Changes nothing that is there.")
@click.option("--demonstration", is_flag=True, help="Also make a school to try things out with.")
def setup(demonstration: bool) -> None:
    import asyncio

    from incidents.broker import connect, set_up

    settings = settings_here()

    async def streams() -> None:
        seed = settings.nats_nkey_seed_file
        broker = await connect(settings.nats_url, name="admin", nkey_seed_file=seed)
        try:
            await set_up(broker.jetstream)
        finally:
            await broker.close()

    asyncio.run(streams())
    if demonstration:
        from incidents.demonstration import prepare

        with opened(settings) as installation:
            click.echo(f"Tokens of the demonstration school: {prepare(installation)}")
