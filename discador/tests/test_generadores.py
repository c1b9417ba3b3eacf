"""Los clientes que se generan de la referencia: se generan sin un aviso y hablan con un servidor de verdad."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

from llamadas.tests.datos import finalizada

from .node import instalar_paquetes_de_node

AQUI = Path(__file__).parent
PAQUETES_DE_NODE = ("@redocly/openapi-core@1.34.24", "openapi-typescript@7.13.0", "typescript@5.9.3")


@pytest.fixture(scope="session")
def esquema(tmp_path_factory):
    fichero = tmp_path_factory.mktemp("referencia") / "esquema.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(fichero))
    return fichero


@pytest.fixture(scope="session")
def paquetes_de_node(request):
    carpeta = request.config.cache.mkdir("paquetes_de_node_de_la_referencia")
    return instalar_paquetes_de_node(
        carpeta, PAQUETES_DE_NODE, para="repasan la referencia Redocly y openapi-typescript"
    )


def ejecutar(*orden, **variables):
    hecho = subprocess.run(
        orden, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False
    )
    assert hecho.returncode == 0, hecho.stdout + hecho.stderr
    return hecho.stdout


def test_redocly_no_encuentra_nada(esquema, paquetes_de_node):
    hallazgos = ejecutar("node", AQUI / "redocly.cjs", esquema, NODE_PATH=str(paquetes_de_node))
    assert json.loads(hallazgos) == []


def test_los_tipos_de_typescript_son_los_que_espera_un_programa(esquema, paquetes_de_node, tmp_path):
    programas = paquetes_de_node / ".bin"
    ejecutar(programas / "openapi-typescript", esquema, "--output", tmp_path / "discador.d.ts")
    (tmp_path / "uso.ts").write_text((AQUI / "uso.ts").read_text())
    ejecutar(programas / "tsc", "--noEmit", "--strict", tmp_path / "uso.ts")


@pytest.fixture(scope="session")
def generado(esquema, tmp_path_factory):
    """El paquete que hace `openapi-python-client`, con todos sus módulos importados."""
    carpeta = tmp_path_factory.mktemp("generado")
    generar = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    con_ruff = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"  # lo ejecuta al acabar
    ejecutar(*generar, "--path", esquema, "--output-path", carpeta / "cliente_generado", PATH=con_ruff)
    sys.path.insert(0, str(carpeta))
    paquete = importlib.import_module("cliente_generado")
    for modulo in pkgutil.walk_packages(paquete.__path__, "cliente_generado."):
        importlib.import_module(modulo.name)
    yield paquete
    sys.path.remove(str(carpeta))


@pytest.mark.django_db(transaction=True)
def test_el_cliente_de_python_habla_con_un_servidor_de_verdad(generado, servidor, administrador, agente):
    # Con una contraseña que entienda el servidor, que no tiene el cifrado rápido de las pruebas.
    administrador.password = make_password("clave-de-admin", hasher="argon2")
    administrador.save()
    una, otra = finalizada(usuario=agente), finalizada(fecha_finalizacion=None)
    modelos, columna = generado.models, [generado.models.ColumnasEnum.LLAMADA_ID]
    tokens, llamadas, exportaciones = generado.api.tokens, generado.api.llamadas, generado.api.exportaciones

    with generado.Client(base_url=servidor) as anonimo:
        assert generado.api.inicio.indice.sync(client=anonimo).llamadas == f"{servidor}/api/v1/llamadas"
        erroneas = modelos.Token(email=administrador.email, password="otra")
        assert tokens.token_obtener.sync(client=anonimo, body=erroneas).detail
        buenas = modelos.Token(email=administrador.email, password="clave-de-admin")
        refresh = tokens.token_obtener.sync(client=anonimo, body=buenas).refresh
        access = tokens.token_renovar.sync(client=anonimo, body=modelos.Renovacion(refresh=refresh)).access

    with generado.AuthenticatedClient(base_url=servidor, token=access) as cliente:
        primera = llamadas.llamadas_listar.sync(client=cliente, por_pagina=1, usuario=[agente.email, "sin_agente"])
        assert [llamada.llamada_id for llamada in primera.llamadas] == [una.pk]
        assert primera.llamadas[0].fecha_finalizacion == una.fecha_finalizacion
        assert primera.siguiente
        vista = llamadas.llamadas_ver.sync(id=otra.pk, client=cliente, columnas=columna)
        assert vista.to_dict() == {"llamada_id": otra.pk}
        assert llamadas.llamadas_ver.sync(id=otra.pk + 1, client=cliente).detail
        mal = llamadas.llamadas_listar.sync(client=cliente, zona="Madrid")
        assert list(mal.additional_properties) == ["zona"]
        csv = llamadas.llamadas_exportar.sync(client=cliente, columnas=columna)
        assert csv == f"llamada_id\r\n{una.pk}\r\n{otra.pk}\r\n"
        parquet = llamadas.llamadas_exportar.sync_detailed(client=cliente, formato=modelos.FormatoEnum.PARQUET)
        assert parquet.content.startswith(b"PAR1")
        assert llamadas.llamadas_resumen.sync(client=cliente).totales.finalizadas == 2
        pedida = modelos.Encargo(formato=modelos.FormatoEnum.XLSX, resultado=[modelos.ResultadoEnum.CONTESTADA])
        encargada = exportaciones.exportaciones_encargar.sync(client=cliente, body=pedida)
        assert exportaciones.exportaciones_ver.sync(id=encargada.id, client=cliente).estado.value == "pendiente"
        assert encargada.id in [e.id for e in exportaciones.exportaciones_listar.sync(client=cliente).exportaciones]
        assert exportaciones.exportaciones_borrar.sync(id=encargada.id, client=cliente).estado.value == "cancelada"
