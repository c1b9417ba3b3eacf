// Lo que comparten los formularios en que se eligen llamadas: los periodos habituales se escriben sin recargar.

export function conAtajos(formulario, alCambiar) {
  const desde = formulario.elements.desde;
  const hasta = formulario.elements.hasta;
  const atajos = [...formulario.querySelectorAll("[data-desde]")];

  function senalar() {
    for (const atajo of atajos) {
      const elegido = desde.value === atajo.dataset.desde && hasta.value === atajo.dataset.hasta;
      atajo.setAttribute("aria-pressed", elegido);
    }
  }

  for (const atajo of atajos) {
    atajo.type = "button";
    atajo.addEventListener("click", () => {
      desde.value = atajo.dataset.desde;
      hasta.value = atajo.dataset.hasta;
      senalar();
      alCambiar();
    });
  }
  desde.addEventListener("input", senalar);
  hasta.addEventListener("input", senalar);
}
