"""Llamadas inventadas pero creíbles, las mismas para un mismo día, para probar el discador sin datos de nadie."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain, islice
from random import Random

from django.db import transaction
from django.utils import timezone

from usuarios.models import Usuario

from ..models import Estado, Llamada, Resultado

FINALIZADAS = 10_000
FINALIZADAS_POR_CADA_SIN_FINALIZAR = 50
FILAS_POR_LOTE = 500
ULTIMO_DIA = date(2026, 6, 26)
DIAS = 56  # más que un mes: que el mes pasado también las haya
AGENTES = ("alba", "bruno", "carla", "diego", "elena", "fermin", "gloria", "hugo", "irene", "julian", "lucia", "mateo")

# Cuántas llamadas tocan a cada día de la semana, de lunes a domingo, y a cada hora: la mañana manda, se para a comer y
# la tarde decae.
DIAS_DE_LA_SEMANA = (20, 21, 22, 21, 18, 5, 2)
HORAS = {9: 6, 10: 11, 11: 13, 12: 12, 13: 8, 14: 3, 15: 4, 16: 9, 17: 11, 18: 10, 19: 8, 20: 5}
RESULTADOS = {
    Resultado.CONTESTADA: 38,
    Resultado.NO_CONTESTA: 29,
    Resultado.OCUPADO: 11,
    Resultado.BUZON: 14,
    Resultado.NUMERO_INVALIDO: 3,
    Resultado.RECHAZADA: 5,
}
ESTADOS_SIN_FINALIZAR = {
    Estado.PENDIENTE: 60,
    Estado.ASIGNADA: 15,
    Estado.CONECTADA: 5,
    Estado.FALLIDA: 12,
    Estado.CANCELADA: 8,
}


def cuantas_sin_finalizar(finalizadas: int) -> int:
    """Cuántas llamadas, además de las finalizadas, están aún por terminar o no lo harán nunca."""
    return finalizadas // FINALIZADAS_POR_CADA_SIN_FINALIZAR


def crear_llamadas(
    avance: Callable[[int], object],
    finalizadas: int = FINALIZADAS,
    *,
    hasta: date = ULTIMO_DIA,
    zona: tzinfo | None = None,
) -> None:
    """Crea a los agentes y las llamadas de ocho semanas, y unas cuantas aún sin finalizar.

    `avance` recibe cuántas llamadas tiene cada lote guardado; `hasta` es el último día con llamadas, y `zona`, la de
    sus horas: por omisión, `TIME_ZONE`.
    """
    azar = Random(20260601)  # noqa: S311 (no protege nada: hace repetibles los datos)
    with transaction.atomic():
        momentos = _momentos(azar, finalizadas, hasta, zona or timezone.get_default_timezone())
        agentes = [Usuario.objects.create_user(f"{nombre}@discador.example.com") for nombre in AGENTES]
        terminadas = (_finalizada(azar, momento, agentes) for momento in momentos)
        # Primero las demás: la lista empieza por las últimas, y así las que se ven se pueden exportar.
        otras = (_sin_finalizar(azar, agentes) for _ in range(cuantas_sin_finalizar(finalizadas)))
        llamadas = chain(otras, terminadas)
        while lote := list(islice(llamadas, FILAS_POR_LOTE)):
            Llamada.objects.bulk_create(lote)
            avance(len(lote))


def _momentos(azar: Random, cuantos: int, hasta: date, zona: tzinfo) -> list[datetime]:
    """Cuándo empieza cada llamada, en orden y en hora local."""
    dias = [hasta - timedelta(days=dia) for dia in reversed(range(DIAS))]
    horas = azar.choices(list(HORAS), [*HORAS.values()], k=cuantos)
    pesos = [DIAS_DE_LA_SEMANA[dia.weekday()] for dia in dias]
    return sorted(
        datetime(dia.year, dia.month, dia.day, hora, azar.randrange(60), azar.randrange(60), tzinfo=zona)
        for dia, hora in zip(azar.choices(dias, pesos, k=cuantos), horas, strict=True)
    )


def _finalizada(azar: Random, asignacion: datetime, agentes: list[Usuario]) -> Llamada:
    resultado = azar.choices(list(RESULTADOS), [*RESULTADOS.values()])[0]
    tono = timedelta(seconds=azar.randint(4, 32))
    duracion = _duracion(azar, resultado)
    return Llamada(
        numero_destino=_numero(azar),
        estado=Estado.FINALIZADA,
        resultado=resultado,
        fecha_asignacion=asignacion,
        fecha_conexion=asignacion + tono if duracion else None,
        fecha_finalizacion=asignacion + tono + timedelta(seconds=duracion),
        duracion_segundos=duracion,
        usuario=azar.choice(agentes),
    )


def _sin_finalizar(azar: Random, agentes: list[Usuario]) -> Llamada:
    estado = azar.choices(list(ESTADOS_SIN_FINALIZAR), [*ESTADOS_SIN_FINALIZAR.values()])[0]
    return Llamada(
        numero_destino=_numero(azar),
        estado=estado,
        usuario=None if estado == Estado.PENDIENTE else azar.choice(agentes),
    )


def _duracion(azar: Random, resultado: Resultado) -> int:
    """Segundos de conversación; cero si nadie descolgó."""
    if resultado == Resultado.CONTESTADA:
        return min(3600, 8 + int(azar.lognormvariate(4.7, 0.9)))
    return azar.randint(6, 35) if resultado == Resultado.BUZON else 0


def _numero(azar: Random) -> str:
    """Un móvil o un fijo españoles."""
    inicio = azar.choice(("60", "61", "62", "63", "64", "65", "66", "67", "69", "71", "91", "93", "95", "96"))
    return f"+34{inicio}{azar.randrange(10**7):07}"
