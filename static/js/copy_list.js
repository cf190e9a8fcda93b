// The list goes to the clipboard; where the browser does not let it, it is selected, ready for Ctrl+C.
(() => {
  "use strict";

  const button = document.getElementById("copy-list");
  const field = document.getElementById("list-text");
  const says = document.getElementById("copy-says");
  button.hidden = false;

  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      says.textContent = "Copied.";
    } catch {
      field.focus();
      field.select();
      says.textContent = "It is selected: copy it with Ctrl+C, or from the menu of your device.";
    }
  });
})();
