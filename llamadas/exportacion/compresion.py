"""Un archivo, comprimido según se produce."""

from collections.abc import Generator, Iterable

from isal import isal_zlib

TIPO_MIME = "application/gzip"
EXTENSION = "gz"

NIVEL = 1  # el siguiente que comprime más tarda cuatro veces lo que este
CON_CABECERA_GZIP = 16 + isal_zlib.MAX_WBITS
SIN_CABECERA = -isal_zlib.MAX_WBITS
BLOQUE = 64 * 1024


def compresor(envoltorio: int) -> isal_zlib.Compress:
    """Uno de DEFLATE (RFC 1951), con el envoltorio que se diga."""
    return isal_zlib.compressobj(NIVEL, isal_zlib.DEFLATED, envoltorio)


def gzip(bloques: Iterable[bytes]) -> Generator[bytes, None, None]:
    """Los mismos bytes en formato gzip (RFC 1952), sin fecha: los mismos datos dan siempre el mismo fichero."""
    de_gzip = compresor(CON_CABECERA_GZIP)
    pendiente = bytearray()
    for bloque in bloques:
        pendiente += de_gzip.compress(bloque)
        if len(pendiente) >= BLOQUE:
            yield bytes(pendiente)
            pendiente.clear()
    yield bytes(pendiente) + de_gzip.flush()
