// La página del informe: los periodos habituales, la tabla que se ordena por cualquier columna, y la impresión.
import { preparar } from "./eleccion.js";

function valor(fila, columna) {
  const escrito = fila.cells[columna].dataset.valor;
  return Number.isNaN(Number(escrito)) ? escrito : Number(escrito);
}

function ordenar(cabecera) {
  const tabla = cabecera.closest("table");
  const columna = cabecera.cellIndex;
  // La primera vez, los números de mayor a menor y los nombres de la A a la Z.
  const antes = cabecera.getAttribute("aria-sort");
  const creciente = antes ? antes === "descending" : columna === 0;
  const filas = [...tabla.tBodies[0].rows].sort((una, otra) => {
    const [a, b] = [valor(una, columna), valor(otra, columna)];
    const orden = typeof a === "string" ? a.localeCompare(b, "es") : a - b;
    return creciente ? orden : -orden;
  });
  for (const otra of tabla.tHead.rows[0].cells) otra.removeAttribute("aria-sort");
  cabecera.setAttribute("aria-sort", creciente ? "ascending" : "descending");
  tabla.tBodies[0].append(...filas);
}

for (const cabecera of document.querySelectorAll("table.ordenable thead th")) {
  const boton = Object.assign(document.createElement("button"), { type: "button", textContent: cabecera.textContent });
  boton.addEventListener("click", () => ordenar(cabecera));
  cabecera.replaceChildren(boton);
}

const imprimir = document.getElementById("imprimir");
if (imprimir) {
  imprimir.hidden = false;
  imprimir.addEventListener("click", () => window.print());
}
preparar(document.getElementById("elegir"), () => {});
