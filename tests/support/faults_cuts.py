"""Connections cut at an octet of a run, without TLS, so that every octet counts."""

from collections.abc import Callable

from tests.support.faults import Outcome
from tests.support.faults_walk import Walk
from tests.support.proxy import FaultProxy


class Cuts:
    """A walk whose connections are cut; `configure` points the account at a port.

    `client` and `server` are the octets that each side sends in an undisturbed run.
    """

    def __init__(self, walk: Walk, port: int, configure: Callable[[int], None]) -> None:
        self._walk = walk
        self._port = port
        self._configure = configure
        with FaultProxy(port) as proxy:
            assert self._run_through(proxy).code == 0
        self.client, self.server = proxy.client_bytes, proxy.server_bytes

    def cut(self, *, client: int | None = None, server: int | None = None) -> None:
        """Cut the connection after so many octets of one side, then resume and compare."""
        with FaultProxy(self._port, cut_after_client=client, cut_after_server=server) as proxy:
            outcome = self._run_through(proxy)
        told = f"a cut after {client} octets of the client, {server} of the server"
        told += f": exit {outcome.code}; {outcome.err.strip()}"
        ground = self._walk.ground
        assert outcome.code == 75 or (outcome.code == 0 and ground.end() == self._walk.end), told
        assert ground.end().temporary == (), told
        self._configure(self._port)
        self._walk.resumes(told)

    def _run_through(self, proxy: FaultProxy) -> Outcome:
        self._walk.ground.restore()
        self._configure(proxy.port)
        return self._walk.ground.run()
