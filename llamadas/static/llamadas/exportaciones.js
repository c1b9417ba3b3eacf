// Las barras de progreso avanzan solas. Cuando una exportación acaba, la página se vuelve a cargar con lo que ya se sabe.
"use strict";

const CADA_CUANTO = 2000; // milisegundos

async function mirar(barra) {
  const respuesta = await fetch(barra.dataset.exportacion, { headers: { Accept: "application/json" } });
  if (!respuesta.ok) throw new Error(respuesta.status);
  const exportacion = await respuesta.json();
  if (!["pendiente", "en_curso"].includes(exportacion.estado)) return true;
  barra.querySelector("progress").value = exportacion.porcentaje;
  barra.querySelector("[role=status]").textContent =
    `${exportacion.estado.replace("_", " ")}, ${exportacion.porcentaje} %`;
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
  if (barras.length) window.setTimeout(mirarTodas, CADA_CUANTO, barras);
});
