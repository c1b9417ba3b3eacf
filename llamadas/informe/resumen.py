"""Las cifras de una selección de llamadas, contadas por la base de datos en una sola consulta."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from usuarios.models import Usuario

from ..exportacion.sql.instantanea import instantanea
from ..models import DIAS_DE_LA_SEMANA, LlamadaQuerySet, Resultado
from ..pedido.horas import DE_LA_HORA, HoraEnPunto


@dataclass(frozen=True, kw_only=True)
class Cuenta:
    """Cuántas llamadas de un grupo acabaron, cuántas se contestaron y, de estas, los segundos que duraron.

    `con_duracion` son las contestadas de las que se sabe cuánto duraron.
    """

    finalizadas: int = 0
    contestadas: int = 0
    con_duracion: int = 0
    segundos_hablados: int = 0

    def __add__(self, otra: "Cuenta") -> "Cuenta":
        return Cuenta(
            finalizadas=self.finalizadas + otra.finalizadas,
            contestadas=self.contestadas + otra.contestadas,
            con_duracion=self.con_duracion + otra.con_duracion,
            segundos_hablados=self.segundos_hablados + otra.segundos_hablados,
        )

    @property
    def tasa_de_contacto(self) -> float | None:
        """Qué parte de las finalizadas se contestó, de 0 a 1; nada, si no hay ninguna."""
        return self.contestadas / self.finalizadas if self.finalizadas else None

    @property
    def duracion_media(self) -> float | None:
        """En segundos, de las contestadas; nada, si de ninguna se sabe."""
        return self.segundos_hablados / self.con_duracion if self.con_duracion else None


@dataclass(frozen=True, kw_only=True)
class Resumen:
    """Las cifras de una selección. Los días y las horas son los de `zona`; las duraciones, segundos.

    Los días llevan cuántas acabaron con cada resultado; el día nulo es el de las que no se sabe cuándo acabaron. El
    agente nulo es el de las que no tienen ninguno, y el resultado vacío, el de las que no lo tienen.
    """

    zona: str
    totales: Cuenta
    duracion_mediana: float | None
    dias: dict[str | None, dict[str, int]]
    horas: dict[tuple[str, int], Cuenta]
    resultados: dict[str, int]
    agentes: dict[str | None, Cuenta]


# La hora local es lo que más cuesta: se agrupa por ella una vez, y los días y las horas salen de los grupos. Agrupar
# también por agente daría casi tantos grupos como llamadas; recorrerlas otra vez para eso, y otra para la mediana,
# cuesta menos, y PostgreSQL lo reparte entre procesos.
CONSULTA = """
WITH elegidas AS NOT MATERIALIZED ({elegidas}),
por_hora AS MATERIALIZED (SELECT hora, resultado, COUNT(*) AS cuantas FROM elegidas GROUP BY hora, resultado),
por_agente AS (
    SELECT usuario_id, resultado, COUNT(*) AS cuantas, COUNT(duracion_segundos) AS con_duracion,
        SUM(duracion_segundos) AS segundos
    FROM elegidas GROUP BY usuario_id, resultado
)
SELECT 'dia', {dia}, NULL, resultado, SUM(cuantas), 0, 0 FROM por_hora GROUP BY 2, resultado
UNION ALL
SELECT 'hora', CAST({dia_de_la_semana} AS text), CAST({hora_del_dia} AS text), resultado, SUM(cuantas), 0, 0
FROM por_hora WHERE hora IS NOT NULL GROUP BY 2, 3, resultado
UNION ALL
SELECT 'agente', agente.email, NULL, resultado, cuantas, con_duracion, COALESCE(segundos, 0)
FROM por_agente LEFT JOIN {usuarios} AS agente ON agente.id = usuario_id
UNION ALL
SELECT 'duracion', CAST(duracion_segundos AS text), NULL, NULL, COUNT(*), 0, 0
FROM elegidas WHERE resultado = '{contestada}' AND duracion_segundos IS NOT NULL GROUP BY duracion_segundos
"""

Filas = list[tuple[Any, Any, str, Cuenta]]


def resumir(llamadas: LlamadaQuerySet, zona: str) -> Resumen:
    """Las cifras de `llamadas`, todas de un mismo instante. Lanza `DatabaseError`."""
    filas: dict[str, Filas] = defaultdict(list)
    with instantanea(llamadas.db) as conexion, conexion.cursor() as cursor:
        cursor.execute(*_consulta(llamadas, zona, conexion))
        for que, cual, hora, resultado, *numeros in cursor.fetchall():
            filas[que].append((cual, hora, resultado, _cuenta(resultado, *map(int, numeros))))
    agentes = _sumar((cual, cuenta) for cual, _, _, cuenta in filas["agente"])
    resultados = _sumar((resultado, cuenta) for _, _, resultado, cuenta in filas["agente"])
    horas = _sumar(((int(cual), int(hora)), cuenta) for cual, hora, _, cuenta in filas["hora"])
    return Resumen(
        zona=zona,
        totales=sum(agentes.values(), Cuenta()),
        duracion_mediana=_mediana({int(cual): cuenta.finalizadas for cual, _, _, cuenta in filas["duracion"]}),
        dias=_dias(filas["dia"]),
        horas={(DIAS_DE_LA_SEMANA[dia], hora): horas[dia, hora] for dia, hora in sorted(horas)},
        resultados={r: resultados[r].finalizadas for r in _en_orden(resultados)},
        agentes=dict(sorted(agentes.items(), key=lambda uno: (-uno[1].finalizadas, uno[0] or ""))),
    )


def _consulta(llamadas: LlamadaQuerySet, zona: str, conexion: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    elegidas = (
        llamadas.order_by()
        .annotate(hora=HoraEnPunto("fecha_finalizacion", zona))
        .values("hora", "resultado", "usuario_id", "duracion_segundos")
    )
    sql, params = elegidas.query.get_compiler(connection=conexion, elide_empty=False).as_sql()
    local = DE_LA_HORA[conexion.vendor]
    consulta = CONSULTA.format(
        elegidas=sql,
        usuarios=Usuario._meta.db_table,
        contestada=Resultado.CONTESTADA.value,
        dia=local.dia.format(hora="hora"),
        dia_de_la_semana=local.dia_de_la_semana.format(hora="hora"),
        hora_del_dia=local.hora_del_dia.format(hora="hora"),
    )
    return consulta, list(params)


def _cuenta(resultado: str | None, cuantas: int, con_duracion: int, segundos: int) -> Cuenta:
    if resultado != Resultado.CONTESTADA:
        return Cuenta(finalizadas=cuantas)
    return Cuenta(finalizadas=cuantas, contestadas=cuantas, con_duracion=con_duracion, segundos_hablados=segundos)


def _sumar(parejas: Iterable[tuple[Any, Cuenta]]) -> dict[Any, Cuenta]:
    sumas: dict[Any, Cuenta] = {}
    for cual, cuenta in parejas:
        sumas[cual] = sumas.get(cual, Cuenta()) + cuenta
    return sumas


def _dias(filas: Filas) -> dict[str | None, dict[str, int]]:
    dias: dict[str | None, dict[str, int]] = {}
    for dia, _, resultado, cuenta in sorted(filas, key=lambda fila: (fila[0] is None, fila[0])):
        dias.setdefault(dia, {})[resultado] = cuenta.finalizadas
    return {dia: {resultado: cuantas[resultado] for resultado in _en_orden(cuantas)} for dia, cuantas in dias.items()}


def _en_orden(resultados: Iterable[str]) -> list[str]:
    """En el de `Resultado`; después el vacío y, por si acaso, los que no se conozcan."""
    conocidos = [*Resultado.values, ""]
    return sorted(resultados, key=lambda r: (conocidos.index(r) if r in conocidos else len(conocidos), r))


def _mediana(cuantas: Mapping[int, int]) -> float | None:
    """La mediana de unas duraciones, de cada una de las cuales se sabe cuántas hay."""
    total = sum(cuantas.values())
    if not total:
        return None
    medias, vistas = [], 0
    for duracion in sorted(cuantas):
        medias += [
            duracion for posicion in ((total - 1) // 2, total // 2) if vistas <= posicion < vistas + cuantas[duracion]
        ]
        vistas += cuantas[duracion]
    return sum(medias) / 2
