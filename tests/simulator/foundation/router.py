# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cluster's router answers: a real socket on loopback, in the place of a load balancer and the pods behind it.

Its address is one of 127.0.0.0/8 and its port a free one, because nobody but root may listen on 443: the Service says
both. What it answers to a request is of no interest; which certificate it shows is.

Source: learn.microsoft.com/azure/machine-learning/how-to-secure-kubernetes-online-endpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import ssl
import tempfile
from pathlib import Path

ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Router:
    """The socket of one cluster's router. It keeps its address and port for as long as the simulation runs."""

    def __init__(self, cluster: str) -> None:
        """Choose the addresses for the router of `cluster`; nothing listens yet."""
        digest = hashlib.sha256(cluster.encode()).digest()
        place = f"{digest[1]}.{digest[2] % 254 + 1}"
        self.address = f"127.{digest[0] % 127 + 1}.{place}"
        #: Inside the cluster's network, where nobody is who runs the collection: nothing ever listens there.
        self.inside = f"127.{digest[0] % 127 + 128}.{place}"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None

    async def open(self) -> int:
        """Listen, if nobody does yet; return the port."""
        if self._server is None:
            await self._listen(None)
        return self.port

    async def serve(self, certificate: str, key: str) -> None:
        """Answer with this certificate and key (PEM) from now on; without TLS when they are empty or of no use."""
        await self._listen(_context(certificate, key))

    async def serve_beside(self, certificate: str, key: str) -> None:
        """Answer with this certificate and key too: to one connection in three still with the one before."""
        before, fresh = self._context, _context(certificate, key)
        if before is None or fresh is None:
            await self._listen(fresh)
            return
        pods = itertools.cycle((fresh, fresh, before))

        def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = next(pods)

        fresh.sni_callback = choose
        await self._listen(fresh)

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        await self.close()
        self._context = context
        self._server = await asyncio.start_server(_answer, self.address, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]


def _context(certificate: str, key: str) -> ssl.SSLContext | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="router-") as folder:  # of this user only; `ssl` reads files alone
        paths = Path(folder, "cert.pem"), Path(folder, "key.pem")
        for path, text in zip(paths, (certificate, key), strict=True):
            path.write_text(text, encoding="utf-8")
        try:
            context.load_cert_chain(*paths)
        except ssl.SSLError:
            return None
    return context


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
        await asyncio.wait_for(reader.read(4096), timeout=5)
        writer.write(ANSWER)
        await writer.drain()
    writer.close()
