// En un teléfono los filtros van antes que las filas, y por eso plegados; en lo demás, al lado y siempre a la vista.
const filtros = document.getElementById("filtros");
const telefono = window.matchMedia("(max-width: 767px)");

function plegar() {
  filtros.open = !telefono.matches;
}

if (filtros) {
  plegar();
  telefono.addEventListener("change", plegar);
}
