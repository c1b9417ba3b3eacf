"""Un archivo, comprimido según se produce."""

import zlib
from collections.abc import Generator, Iterable

TIPO_MIME = "application/gzip"
EXTENSION = "gz"

NIVEL = 1
CON_CABECERA_GZIP = 16 + zlib.MAX_WBITS
BLOQUE = 64 * 1024


def gzip(bloques: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Los mismos bytes en formato gzip (RFC 1952), sin fecha: los mismos datos dan siempre el mismo fichero."""
    compresor = zlib.compressobj(NIVEL, zlib.DEFLATED, CON_CABECERA_GZIP)
    pendiente = bytearray()
    for bloque in bloques:
        pendiente += compresor.compress(bloque)
        if len(pendiente) >= BLOQUE:
            yield bytes(pendiente)
            pendiente.clear()
    yield bytes(pendiente) + compresor.flush()
