"""Una columna, un formato o un filtro más se escriben en un sitio, y valen en todas las puertas.

Se añaden a una copia del proyecto, que es como los añadiría cualquiera.
"""

import io
import json
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack

import pyarrow.parquet
import pytest
import requests
from django.conf import settings
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from discador.tests.pruebas import gunicorn
from llamadas.models import Exportacion, Llamada
from llamadas.trabajos.almacen import MARCA

from .datos import finalizada

pytestmark = pytest.mark.django_db(transaction=True)

NO_HACEN_FALTA = ("tests", "__pycache__", "capturas")
API = "api/v1/llamadas/"
ADMIN = "admin/llamadas/"

COLUMNA = '        Columna("agente_id", Tipo.ENTERO, "usuario_id", 10, "Número del agente"),\n'
FORMATO = '''"""Uno más, con lo imprescindible."""

from ..sql.lineas import Forma
from .base import Formato


class TSV(Formato):
    nombre = "tsv"
    titulo = "TSV"
    tipo_mime = "text/tab-separated-values"
    extension = "tsv"
    forma = Forma(separador="\\t")

    def bloques(self, contenido, lotes):
        yield ("\\t".join(contenido.nombres) + "\\n").encode()
        for lineas in lotes:
            yield b"\\n".join([*lineas, b""])
'''
FILTRO = """        Filtro(
            nombre="duracion_minima",
            titulo="Duración mínima",
            campo=IntegerField(required=False, min_value=0, help_text="Solo las que duraron eso, en segundos, o más."),
            condicion=lambda segundos, zona: Q(duracion_segundos__gte=segundos),
            frase="de {} s o más",
            ejemplo="60",
        ),
"""


class Copia:
    """El proyecto con algo más, en marcha."""

    def __init__(self, carpeta, entorno, administrador):
        self.carpeta = carpeta
        self.entorno = {**entorno, "EXPORTACIONES_CARPETA": str(carpeta / "exportaciones")}
        (carpeta / "exportaciones").mkdir()
        (carpeta / "exportaciones" / MARCA).write_text("nueva")
        for aplicacion in ("discador", "usuarios", "llamadas"):
            shutil.copytree(
                settings.BASE_DIR / aplicacion, carpeta / aplicacion, ignore=shutil.ignore_patterns(*NO_HACEN_FALTA)
            )
        shutil.copy(settings.BASE_DIR / "manage.py", carpeta)
        self.con_token = {"Authorization": f"Bearer {AccessToken.for_user(administrador)}"}
        navegador = Client()
        navegador.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
        self.con_sesion = {settings.SESSION_COOKIE_NAME: navegador.cookies[settings.SESSION_COOKIE_NAME].value}

    def anadir(self, fichero, linea, antes_de):
        ruta = self.carpeta / fichero
        texto = ruta.read_text()
        assert texto.count(antes_de) == 1
        ruta.write_text(texto.replace(antes_de, linea + antes_de))

    def servir(self, pila):
        entorno = {**self.entorno, "PYTHONPATH": str(self.carpeta)}
        self.raiz = pila.enter_context(gunicorn(entorno, cwd=self.carpeta)) + "/"

    def api(self, ruta, **parametros):
        return requests.get(self.raiz + API + ruta, params=parametros, headers=self.con_token, timeout=60)

    def pagina(self, ruta, **parametros):
        respuesta = requests.get(self.raiz + ADMIN + ruta, params=parametros, cookies=self.con_sesion, timeout=60)
        assert respuesta.status_code == 200
        return respuesta.text

    def comando(self, *argumentos):
        orden = [sys.executable, "manage.py", *argumentos]
        return subprocess.run(orden, cwd=self.carpeta, env=self.entorno, capture_output=True, check=True, text=True)

    def en_segundo_plano(self, **opciones):
        """El encargo, ya preparado; su fichero; y lo que escribe el trabajador, que incluye el correo."""
        encargo = requests.post(
            f"{self.raiz}{API}exportaciones",
            json={**opciones, "avisar_correo": True},
            headers=self.con_token,
            timeout=60,
        )
        assert encargo.status_code == 202, encargo.text
        trabajo = self.comando("trabajador", "--una-vez")
        return encargo.json(), self.api(f"exportaciones/{encargo.json()['id']}/archivo").content, trabajo.stderr

    def esquema(self):
        return requests.get(f"{self.raiz}api/schema?format=json", cookies=self.con_sesion, timeout=60).json()


@pytest.fixture
def copia(tmp_path, entorno, administrador):
    with ExitStack() as pila:
        otra = Copia(tmp_path, entorno, administrador)
        otra.pila = pila
        yield otra


def test_un_filtro(copia):
    corta, larga = finalizada(duracion_segundos=30), finalizada(duracion_segundos=90)
    copia.anadir("llamadas/pedido/filtros.py", FILTRO, "    )\n}\n")
    copia.anadir(
        "llamadas/pedido/filtros.py",
        "from rest_framework.serializers import IntegerField\n",
        "from rest_framework.serializers import Field\n",
    )
    copia.servir(copia.pila)
    con_el = {"duracion_minima": "60"}

    def las_de(texto):
        return [linea.split(",")[0] for linea in texto.splitlines()[1:]]

    # La API: exporta, dice qué está mal, estima, resume y lo describe.
    assert las_de(copia.api("exportar", **con_el).text) == [str(larga.pk)]
    assert copia.api("exportar", duracion_minima="mucho").json() == {
        "duracion_minima": ["Introduzca un número entero válido."]
    }
    assert copia.api("exportar/estimacion", **con_el).json()["filas"] == 1
    assert copia.api("resumen", **con_el).json()["totales"]["finalizadas"] == 1
    assert [llamada["llamada_id"] for llamada in copia.api("", **con_el).json()["llamadas"]] == [larga.pk]
    assert "Aquí no cambiaría nada" in copia.api(str(larga.pk), **con_el).json()["duracion_minima"][0]
    rutas = copia.esquema()["paths"]
    for ruta in ("/api/v1/llamadas/exportar", "/api/v1/llamadas", "/api/v1/llamadas/resumen"):
        (descrito,) = [p for p in rutas[ruta]["get"]["parameters"] if p["name"] == "duracion_minima"]
        assert descrito["schema"]["type"] == "integer"
        assert "60" in descrito["description"]
    # Los metadatos.
    parquet = pyarrow.parquet.read_table(io.BytesIO(copia.api("exportar", formato="parquet", **con_el).content))
    assert json.loads(parquet.schema.metadata[b"discador.filtros"]) == {"duracion_minima": "60"}
    # El comando y su ayuda.
    assert las_de(copia.comando("exportar_llamadas", "-o", "-", "--duracion_minima", "60").stdout) == [str(larga.pk)]
    assert "--duracion_minima DURACION_MINIMA" in copia.comando("exportar_llamadas", "--help").stdout
    # El segundo plano, el historial y el correo.
    encargo, fichero, trabajo = copia.en_segundo_plano(duracion_minima=60)
    assert las_de(fichero.decode()) == [str(larga.pk)]
    assert encargo["opciones"]["duracion_minima"] == "60"
    assert "de 60 s o más" in copia.pagina(f"exportacion/{encargo['id']}/change/")
    assert "de 60 s o m" in trabajo
    # La lista, el informe y sus enlaces, y la página de exportar.
    lista = copia.pagina("llamada/", **con_el)
    assert f"/llamada/{larga.pk}/" in lista
    assert f"/llamada/{corta.pk}/" not in lista
    assert "De 60 s o más" in lista
    assert '/llamada/exportar/?duracion_minima=60"' in lista
    (finalizadas, *_) = re.findall(
        r'href="([^"]*estado__exact=finalizada[^"]*)"', copia.pagina("llamada/informe/", **con_el)
    )
    assert "duracion_minima=60" in finalizadas
    pagina = copia.pagina("llamada/exportar/", **con_el)
    assert 'name="duracion_minima" value="60"' in pagina
    assert "Duración mínima" in pagina
    assert "duracion_minima=60" in pagina


def test_una_columna(copia, agente):
    finalizada(usuario=agente)
    copia.anadir("llamadas/exportacion/columnas.py", COLUMNA, "    )\n}\n")
    copia.servir(copia.pila)
    entera = copia.api("exportar").text
    assert entera.splitlines()[0].endswith(",usuario_email,agente_id")
    assert entera.splitlines()[1].endswith(f",{agente.email},{agente.pk}")
    assert copia.api("exportar", columnas="agente_id").text == f"agente_id\r\n{agente.pk}\r\n"
    for formato in ("json", "ndjson", "xlsx", "parquet"):
        assert copia.api("exportar", formato=formato).status_code == 200
    assert copia.api("exportar", formato="json").json()[0]["agente_id"] == agente.pk
    (llamada,) = copia.api("").json()["llamadas"]
    assert llamada["agente_id"] == agente.pk
    assert copia.api(str(llamada["llamada_id"]), columnas="agente_id").json() == {"agente_id": agente.pk}
    assert copia.api("exportar/estimacion").json()["bytes_aproximados"] > 0
    assert copia.comando("exportar_llamadas", "-o", "-").stdout == entera.replace("\r\n", "\n")
    assert copia.en_segundo_plano()[1].decode() == entera
    assert "Número del agente <code>agente_id</code>" in copia.pagina("llamada/exportar/")
    assert "agente_id" in copia.esquema()["components"]["schemas"]["Llamada"]["properties"]


def test_una_columna_tambien_se_mide(copia):
    copia.anadir("llamadas/exportacion/columnas.py", COLUMNA, "    )\n}\n")
    copia.entorno = {**copia.entorno, "DATABASE_URL": f"sqlite:///{copia.carpeta}/medir.sqlite3"}
    medido = json.loads(copia.comando("medir_exportacion", "--filas", "50", "--repeticiones", "1", "--json").stdout)
    assert medido["filas"] == 50


def test_un_formato(copia):
    finalizada()
    (copia.carpeta / "llamadas/exportacion/formatos/tsv.py").write_text(FORMATO)
    indice = "llamadas/exportacion/formatos/__init__.py"
    copia.anadir(indice, "from .tsv import TSV\n", "from .xlsx import XLSX\n")
    ruta = copia.carpeta / indice
    ruta.write_text(ruta.read_text().replace("XLSX(),", "XLSX(), TSV(),"))
    copia.servir(copia.pila)
    bajada = copia.api("exportar", formato="tsv")
    assert (bajada.status_code, bajada.headers["Content-Type"]) == (200, "text/tab-separated-values")
    assert bajada.text.splitlines()[1].startswith(str(Llamada.objects.get().pk))
    assert copia.api("exportar/estimacion", formato="tsv").json()["bytes_aproximados"] > 0
    assert copia.api("exportar", formato="tsv", comprimir="gzip").status_code == 400
    copia.comando("exportar_llamadas", "-o", "x.tsv")
    assert (copia.carpeta / "x.tsv").read_text() == bajada.text
    encargo, fichero, _ = copia.en_segundo_plano(formato="tsv")
    assert fichero == bajada.content
    assert "TSV" in copia.pagina(f"exportacion/{encargo['id']}/change/")
    assert 'value="tsv"' in copia.pagina("llamada/exportar/")
    assert "Exportar seleccionadas a TSV" in copia.pagina("llamada/")
    assert Exportacion.objects.filter(formato="tsv").count() == 3
    contenido = copia.esquema()["paths"]["/api/v1/llamadas/exportar"]["get"]["responses"]["200"]["content"]
    assert "text/tab-separated-values" in contenido
