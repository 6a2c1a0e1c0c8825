"""The same server with one route that does nothing: what HTTP alone leaves room for.

`python -m tests.bench.noop` answers POST /api/incidents on PORT with a constant 201, in API_WORKERS
processes.
"""

import os
from typing import Final

import uvicorn
from litestar import Litestar, Response, post
from litestar.params import RawBody

ANSWER: Final = (
    b'{"case_id":"00000000-0000-7000-8000-000000000000","reference":"CW-0000-0000","version":3,'
    b'"receipt":[' + b",".join([b'{"position":1,"version":1,"sha256":"%s"}' % (b"0" * 64)] * 3)
    + b"]}"
)  # fmt: skip


@post("/api/incidents", status_code=201)
async def answer(body: RawBody) -> Response[bytes]:
    assert body
    return Response(ANSWER, media_type="application/json")


app: Final = Litestar([answer], openapi_config=None, logging_config=None)


def main() -> None:
    uvicorn.run(
        "tests.bench.noop:app",
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        workers=int(os.environ.get("API_WORKERS", "1")),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
