// Lo que a la administración de Django le falta para quien no ve la pantalla: el nombre de sus desplegables, que no heredan
// el del campo al que sustituyen (WCAG 4.1.2).
//
// Con jQuery, que es con lo que se hacen los desplegables: así esto va después.
window.django?.jQuery?.(() => {
  for (const campo of document.querySelectorAll(".admin-autocomplete")) {
    const nombre = campo.getAttribute("aria-label") ?? campo.labels[0]?.textContent.trim();
    const desplegable = campo.nextElementSibling;
    for (const parte of desplegable.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox]")) {
      parte.removeAttribute("aria-labelledby");
      parte.setAttribute("aria-label", nombre);
    }
  }
});
