// Lo que comparten los formularios en que se eligen llamadas: los periodos habituales se escriben sin recargar, las horas
// se marcan por tramos, y lo elegido no se pierde aunque la sesión haya terminado.
import { direccion } from "./consulta.js";

export function preparar(formulario, alCambiar) {
  conAtajos(formulario, alCambiar);
  for (const tramo of formulario.querySelectorAll("[data-tramo]")) conTramo(formulario, tramo, alCambiar);
  // Si la sesión ha terminado, tras entrar se vuelve a la dirección a la que se enviaba.
  formulario.addEventListener("submit", () => {
    formulario.action = direccion(formulario);
  });
}

function conAtajos(formulario, alCambiar) {
  const { desde, hasta } = formulario.elements;
  const atajos = [...formulario.querySelectorAll("[data-desde]")];

  function senalar() {
    for (const atajo of atajos.filter((uno) => uno.hasAttribute("aria-pressed"))) {
      const elegido = desde.value === atajo.dataset.desde && hasta.value === atajo.dataset.hasta;
      atajo.setAttribute("aria-pressed", elegido);
    }
  }

  for (const atajo of atajos) {
    atajo.addEventListener("click", (suceso) => {
      suceso.preventDefault();
      desde.value = atajo.dataset.desde;
      hasta.value = atajo.dataset.hasta;
      senalar();
      alCambiar();
    });
  }
  desde.addEventListener("input", senalar);
  hasta.addEventListener("input", senalar);
}

// Un desde y un hasta que marcan las horas que hay en medio, también si pasan de la medianoche.
function conTramo(formulario, tramo, alCambiar) {
  const [primera, ultima] = tramo.querySelectorAll("select");
  const marcas = [...formulario.querySelectorAll(`[type="checkbox"][name="${tramo.dataset.tramo}"]`)];
  const horas = marcas.length;
  const despuesDeLaPrimera = (hora) => (hora - primera.value + horas) % horas;

  function marcar() {
    if (!primera.value || !ultima.value) return;
    const largo = despuesDeLaPrimera(ultima.value) || horas;
    marcas.forEach((marca, hora) => {
      marca.checked = despuesDeLaPrimera(hora) < largo;
    });
    alCambiar();
  }

  // Lo que ya está marcado, si es un solo tramo.
  function senalar() {
    const empiezan = marcas.filter((marca, hora) => marca.checked && !marcas.at(hora - 1).checked);
    const siguen = marcas.filter((marca, hora) => !marca.checked && marcas.at(hora - 1).checked);
    primera.value = empiezan.length === 1 ? empiezan[0].value : "";
    ultima.value = empiezan.length === 1 ? siguen[0].value : "";
  }

  for (const limite of [primera, ultima]) limite.addEventListener("change", marcar);
  for (const marca of marcas) marca.addEventListener("change", senalar);
  senalar();
  tramo.hidden = false;
}
