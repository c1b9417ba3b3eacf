"""De los bytes de un fichero a sus líneas de texto; y, si no es un CSV, qué parece que es."""

import gzip
import re
import zlib
from collections.abc import Iterator
from io import BufferedReader

LARGO_DE_LINEA = 64 * 1024  # bytes; una llamada no llega a 3 KiB
CABEZA = 4096  # bytes en que se reconoce qué es

_EN_CSV = "Expórtelo en CSV."
_EN_CSV_UTF8 = "Ábralo y guárdelo como «CSV UTF-8»."
# Cómo empieza lo que no es un CSV, qué es y qué hacer con ello. Lo más particular, antes.
_FIRMAS = (
    (rb"PK(?s:.)*?(\[Content_Types\]|xl/)", f"es un libro de Excel (XLSX) y no un CSV. {_EN_CSV_UTF8}"),
    (rb"PK(?s:.)*?opendocument", f"es un documento de LibreOffice y no un CSV. {_EN_CSV_UTF8}"),
    (rb"PK", "es un ZIP. Descomprímalo, e importe el CSV que lleva dentro, o comprímalo con gzip."),
    (rb"\xd0\xcf\x11\xe0", f"es un libro de Excel antiguo (XLS) y no un CSV. {_EN_CSV_UTF8}"),
    (rb"PAR1", f"es Parquet y no un CSV. {_EN_CSV}"),
    (rb"\xef\xbb\xbf\s*[{[]|\s*[{[]", f"es JSON y no un CSV. {_EN_CSV}"),
    (rb"\xef\xbb\xbf\s*<|\s*<", "es una página web o XML, y no un CSV. ¿Se descargó sin haber entrado?"),
    (rb"%PDF", f"es un PDF y no un CSV. {_EN_CSV}"),
    (rb"\x1f\x8b", "está comprimido dos veces. Descomprímalo una."),
    (rb"BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!", "está comprimido, y no con gzip. Descomprímalo."),
    (rb"\xff\xfe\0\0|\0\0\xfe\xff|\0\0\0[^\0]|[^\0]\0\0\0", f"no es UTF-8 sino UTF-32. {_EN_CSV_UTF8}"),
    (rb"\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0]", f"no es UTF-8 sino UTF-16. {_EN_CSV_UTF8}"),
    (rb"[^\n]*\r[^\r\n]", f"las líneas acaban solo en CR, como en un Mac antiguo. {_EN_CSV_UTF8}"),
)


class Ilegible(Exception):
    """Desde esa línea el fichero no se puede seguir leyendo."""

    def __init__(self, linea: int, motivo: str) -> None:
        super().__init__(motivo)
        self.linea = linea


def lineas_de(fichero: BufferedReader) -> Iterator[str]:
    """Las líneas de texto, con su fin de línea, de un fichero comprimido con gzip o no. Lanza `Ilegible`."""
    numero = 0
    try:
        texto = gzip.GzipFile(fileobj=fichero) if fichero.peek(2).startswith(b"\x1f\x8b") else fichero
        if que_es := _que_es(texto.peek(CABEZA)):
            raise Ilegible(1, que_es)
        for numero, linea in enumerate(iter(lambda: texto.readline(LARGO_DE_LINEA), b""), 1):
            if len(linea) == LARGO_DE_LINEA:
                raise Ilegible(numero, "es demasiado larga: no es un CSV de llamadas.")
            if not linea.endswith(b"\n"):
                raise Ilegible(numero, "el fichero acaba sin fin de línea: puede estar cortado.")
            yield linea.decode() if numero > 1 else linea.decode().lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise Ilegible(numero, f"no es UTF-8 (byte {error.start + 1} de la línea). {_EN_CSV_UTF8}") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Ilegible(numero + 1, "el gzip está cortado o dañado.") from error


def _que_es(cabeza: bytes) -> str | None:
    return next((que_es for firma, que_es in _FIRMAS if re.match(firma, cabeza)), None)
