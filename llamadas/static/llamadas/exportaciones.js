// Las barras de progreso avanzan solas. Cuando una exportación acaba, la página se vuelve a cargar con lo que ya se sabe.
"use strict";

const CADA_CUANTO = 2000; // milisegundos
const TITULO = document.title;
const numero = new Intl.NumberFormat("es-ES", { useGrouping: "always" });

function queda(segundos) {
  if (segundos === null) return "";
  if (segundos < 90) return segundos === 1 ? " Queda 1 segundo." : ` Quedan unos ${segundos} segundos.`;
  return ` Quedan unos ${numero.format(Math.ceil(segundos / 60))} minutos.`;
}

function enPalabras({ estado, filas, filas_previstas: previstas, porcentaje, segundos_restantes: segundos }, detalle) {
  const como = estado.replace("_", " ");
  if (!detalle) return `${como}, ${porcentaje} %`;
  const cuantas = previstas === null ? numero.format(filas) : `${numero.format(filas)} de ${numero.format(previstas)}`;
  return `${como[0].toUpperCase()}${como.slice(1)}: ${cuantas} filas, ${porcentaje} %.${queda(segundos)}`;
}

async function mirar(barra) {
  const respuesta = await fetch(barra.dataset.exportacion, { headers: { Accept: "application/json" } });
  if (respuesta.status === 401) return true; // la sesión ha terminado: al cargar la página se pide entrar
  if (!respuesta.ok) throw new Error(respuesta.status);
  const exportacion = await respuesta.json();
  if (!["pendiente", "en_curso"].includes(exportacion.estado)) return true;
  const detalle = "conDetalle" in barra.dataset;
  barra.querySelector("progress").value = exportacion.porcentaje;
  barra.querySelector("[role=status]").textContent = enPalabras(exportacion, detalle);
  if (detalle) document.title = `${exportacion.porcentaje} % · ${TITULO}`;
  return false;
}

async function mirarTodas(barras) {
  try {
    const acabadas = await Promise.all(barras.map(mirar));
    if (acabadas.some(Boolean)) {
      window.location.reload();
      return;
    }
  } catch {
    // Sin red un momento: se vuelve a intentar.
  }
  window.setTimeout(mirarTodas, CADA_CUANTO, barras);
}

window.addEventListener("DOMContentLoaded", () => {
  const barras = [...document.querySelectorAll("[data-exportacion]")];
  if (barras.length) window.setTimeout(mirarTodas, 500, barras);
});
