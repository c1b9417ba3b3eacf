"""Con qué se eligen las llamadas. Añadir un filtro es añadir un objeto: de él sale lo que hay en todas las puertas."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from django.db.models import Q
from django.db.models.lookups import In
from rest_framework.serializers import Field

from ..models import DIAS_DE_LA_SEMANA, Resultado
from .campos import SIN_AGENTE, CorreoDeUsuario, Eleccion, Lista, ListaDeCorreos, ListaDeHoras
from .horas import DiaDeLaSemana, HoraDelDia

SIN_RESULTADO = "sin_resultado"

RESULTADOS = {**{valor: str(titulo) for valor, titulo in Resultado.choices}, SIN_RESULTADO: "sin resultado"}
DIAS = {dia: dia for dia in DIAS_DE_LA_SEMANA} | {"miercoles": "miércoles", "sabado": "sábado"}
HORAS = {str(hora): f"{hora} h" for hora in range(24)}


@dataclass(frozen=True, kw_only=True)
class Filtro:
    """Una manera de elegir llamadas.

    `campo` lee lo que se escribe, y su ayuda es la de todas las puertas. `condicion` recibe lo leído y la zona IANA en
    que se cuentan los días y las horas. `frase` lo cuenta, con «{}» donde van los valores, que se llaman como digan
    `nombres` o como se escriben y se juntan con `juntar`. Con `plegado`, en los formularios está entre los que no se
    usan a diario.
    """

    nombre: str
    titulo: str
    campo: Field[Any, Any, Any, Any]
    condicion: Callable[[Any, str], Q]
    frase: str
    ejemplo: str
    nombres: Mapping[str, str] = field(default_factory=dict)
    juntar: Callable[[list[str]], list[str]] = list
    plegado: bool = False

    def en_palabras(self, escrito: Any) -> str:
        """Lo que se eligió, a partir de cómo se escribió."""
        return self.frase.format(" o ".join(self.nombres.get(valor, valor) for valor in self.juntar(partes(escrito))))


def partes(escrito: Any) -> list[str]:
    """Uno o varios valores, uno a uno."""
    return [str(valor) for valor in (escrito if isinstance(escrito, list) else [escrito])]


def _con_resultado(resultados: Iterable[str], _zona: str) -> Q:
    return Q(resultado__in=["" if resultado == SIN_RESULTADO else resultado for resultado in resultados])


def _de_usuario(usuarios: list[Any], _zona: str) -> Q:
    de_alguien = Q(usuario__in=[usuario for usuario in usuarios if usuario != SIN_AGENTE])
    return de_alguien | Q(usuario=None) if SIN_AGENTE in usuarios else de_alguien


def _en_esos_dias(dias: Iterable[str], zona: str) -> Q:
    return Q(In(DiaDeLaSemana("fecha_finalizacion", zona), [DIAS_DE_LA_SEMANA.index(dia) for dia in dias]))


def _a_esas_horas(horas: Iterable[str], zona: str) -> Q:
    return Q(In(HoraDelDia("fecha_finalizacion", zona), [int(hora) for hora in horas]))


def _con_y_sin_resultado(resultados: list[str]) -> list[str]:
    """Como «con resultado contestada o buzón» y «sin resultado»."""
    con = " o ".join(RESULTADOS.get(resultado, resultado) for resultado in resultados if resultado != SIN_RESULTADO)
    return [*([f"con resultado {con}"] if con else []), *([SIN_RESULTADO] if SIN_RESULTADO in resultados else [])]


def _por_tramos(horas: list[str]) -> list[str]:
    """Las horas que van seguidas, si son más de dos, como «de 22 h a 2 h», también si pasan de la medianoche."""
    if not set(horas) <= HORAS.keys() or set(horas) == HORAS.keys():
        return [f"a las {HORAS.get(hora, hora)}" for hora in horas]
    hay = {int(hora) for hora in horas}
    tramos = []
    for primera in sorted(hora for hora in hay if (hora - 1) % 24 not in hay):
        seguidas = list(takewhile(lambda hora: hora % 24 in hay, range(primera, primera + 24)))
        sueltas = [f"a las {hora % 24} h" for hora in seguidas]
        tramos += sueltas if len(seguidas) < 3 else [f"de {primera} h a {(seguidas[-1] + 1) % 24} h"]
    return tramos


FILTROS = {
    filtro.nombre: filtro
    for filtro in (
        Filtro(
            nombre="resultado",
            titulo="Resultado",
            campo=Lista(
                child=Eleccion(choices=list(RESULTADOS)),
                required=False,
                help_text="Solo las que acabaron así; «sin_resultado», las que no lo tienen. Varios, separados por "
                "comas o repitiendo la opción.",
            ),
            condicion=_con_resultado,
            frase="{}",
            nombres=RESULTADOS,
            juntar=_con_y_sin_resultado,
            ejemplo="contestada,buzon",
        ),
        Filtro(
            nombre="usuario",
            titulo="Agentes",
            campo=ListaDeCorreos(
                child=CorreoDeUsuario(),
                required=False,
                help_text="Solo las del agente con ese correo; «sin_agente», las que no tienen ninguno. Varios, "
                "separados por comas o, si alguno lleva una en su correo, repitiendo la opción.",
            ),
            condicion=_de_usuario,
            frase="de {}",
            nombres={SIN_AGENTE: "nadie"},
            ejemplo="irene@discador.example.com",
        ),
        Filtro(
            nombre="dia_semana",
            titulo="Días de la semana",
            campo=Lista(
                child=Eleccion(choices=list(DIAS)),
                required=False,
                help_text="Solo las que acabaron en ese día de la semana, en «zona». Varios, como en las anteriores.",
            ),
            condicion=_en_esos_dias,
            frase="en {}",
            nombres=DIAS,
            ejemplo="lunes,martes",
            plegado=True,
        ),
        Filtro(
            nombre="hora",
            titulo="Horas del día",
            campo=ListaDeHoras(
                child=Eleccion(choices=list(HORAS)),
                required=False,
                help_text="Solo las que acabaron en esa hora del día, de 0 a 23, en «zona». Varias, como en las "
                "anteriores.",
            ),
            condicion=_a_esas_horas,
            frase="{}",
            nombres=HORAS,
            juntar=_por_tramos,
            ejemplo="9,10,11",
            plegado=True,
        ),
    )
}


def de_una_seleccion() -> tuple[str, ...]:
    """Las opciones que dicen qué llamadas, y no cómo es el archivo."""
    return ("desde", "hasta", *FILTROS, "zona")
