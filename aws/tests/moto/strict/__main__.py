"""The server: says its address in its first line, and ends when its standard input does."""

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from . import alarms, aliases, cbor, deployments, desk, door, invocations, machines, versions


class Handler(MotoRequestHandler):
    # Answers are small, and none waits for another.
    disable_nagle_algorithm = True

    def log_request(self, *_):
        pass


def end_with_input():
    """Whoever started this server holds the other end: when they end, however they end, so does everything here."""
    sys.stdin.buffer.read()
    invocations.end_all()
    os._exit(0)


def main():
    # Calls are recorded at the door, and an execution that fails says so in its history.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    for module in (aliases, versions, alarms, deployments, invocations, machines):
        module.patch()
    moto = DomainDispatcherApplication(create_backend_app)
    app = desk.served(door.watched(cbor.translated(moto)))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    # By this moto finds itself.
    os.environ["MOTO_PORT"] = str(server.server_port)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
