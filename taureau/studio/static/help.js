// The list of keys, and whether single letters are among them.
import { byId, element } from "./page.js";
import { t } from "./texts.js";

const KEPT = "taureau-single-keys";

/** Let the help be opened, and single keys be switched off. */
export function startHelp() {
  byId("help").addEventListener("click", openHelp);
  const box = byId("single-keys");
  box.checked = localStorage.getItem(KEPT) !== "off";
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
}

/** Open the list of keys. */
export function openHelp() {
  if (!byId("help-dialog").open) byId("help-dialog").showModal();
}

const PLACES = ["keys_tab", "keys_strokes", "keys_points", "keys_surface"];

/** Show what each key does. */
export function listKeys(keys) {
  const single = keys.map(({ shown, text }) => row(shown, t(text)));
  const local = PLACES.map((key) => row(t(`${key}_keys`), t(key)));
  byId("keys").replaceChildren(...single, ...local);
}

function row(keys, what) {
  const marked = keys.split(" ").map((key) => element("kbd", {}, key));
  return element("tr", {}, element("td", {}, ...marked.flatMap((key) => [key, " "])), element("td", {}, what));
}
