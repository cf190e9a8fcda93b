"""Runs a sandbox: a thread for each connection, one for webhooks, and an end within a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .app import Sandbox, make_sandbox
from .config import Config


class QuietHandler(WSGIRequestHandler):
    """What is worth a line is logged by the application."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        pass


@dataclass
class RunningSandbox:
    sandbox: Sandbox
    server: BaseWSGIServer

    @property
    def url(self) -> str:
        host = self.sandbox.config.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server.server_port}"

    def serve(self) -> None:
        """Answers until `stop` is called from another thread."""
        self.sandbox.courier.start()
        try:
            self.server.serve_forever(poll_interval=0.05)
        finally:
            self.sandbox.courier.stop()
            self.server.server_close()

    def stop(self) -> None:
        self.server.shutdown()


def start(config: Config) -> RunningSandbox:
    """Bound to its port but not answering yet; port 0 takes a free one."""
    sandbox = make_sandbox(config)
    server = make_server(config.host, config.port, sandbox.app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    sandbox.config = replace(config, port=server.server_port)
    return RunningSandbox(sandbox, server)


def run_in_thread(config: Config) -> RunningSandbox:
    """For tests in the same process; end it with `stop`."""
    running = start(config)
    threading.Thread(target=running.serve, name="sandbox", daemon=True).start()
    return running
