"""Certificates of an authority that nobody else trusts, for hosts that are played here."""

import ssl
import subprocess

import tools


def of(sandbox, host):
    """Returns the authority's file, for `SSL_CERT_FILE`, and a TLS context for the host."""
    folder = sandbox.root / "authority"
    folder.mkdir()
    command = [str(tools.server_python()), "-m", "trustme", "--quiet", "-i", host, "-d", str(folder)]
    subprocess.run(command, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return folder / "client.pem", context
