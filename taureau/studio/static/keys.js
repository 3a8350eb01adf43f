// Keys for the whole page. Single letters can be switched off, and rest while one types.
import { openExport } from "./export.js";
import { listKeys, openHelp } from "./help.js";
import { show as showLevel } from "./levels.js";
import { byId } from "./page.js";
import { saveProject } from "./project.js";
import { levelShown, model, on } from "./state.js";
import { lock, redraw, redrawAll, remove } from "./strokes.js";
import { take } from "./tools.js";
import { pauseOrGo, redo, stop, undo } from "./transport.js";

/** Every key: how it is written, its text in the help, and what it does. `held`: with Ctrl or Cmd. */
export const KEYS = [
  { key: "z", held: true, shown: "Ctrl+Z", text: "undo", act: undo },
  { key: "y", held: true, shown: "Ctrl+Y", text: "redo", act: redo },
  { key: "s", held: true, shown: "Ctrl+S", text: "save", act: saveProject },
  { key: "p", shown: "P", text: "pause_or_go", act: pauseOrGo },
  { key: "x", shown: "X", text: "stop", act: stop },
  { key: "v", shown: "V", text: "tool_select", act: () => take("select") },
  { key: "d", shown: "D", text: "tool_pen", act: () => take("pen") },
  { key: "b", shown: "B", text: "tool_subject", act: () => take("subject") },
  { key: "i", shown: "I", text: "tool_importance", act: () => take("importance") },
  { key: "n", shown: "N", text: "tool_regions", act: () => take("regions") },
  { key: "[", shown: "[", text: "smaller", act: () => change(-1) },
  { key: "]", shown: "]", text: "larger", act: () => change(1) },
  { key: "l", shown: "L", text: "lock_or_unlock", act: lock },
  { key: "Delete", shown: "Delete", text: "delete", act: remove },
  { key: "r", shown: "R", text: "redraw", act: redraw },
  { key: "R", shown: "Shift+R", text: "redraw_all", act: redrawAll },
  { key: "o", shown: "O", text: "next_photo_place", act: nextPlace },
  { key: "e", shown: "E", text: "export", act: openExport },
  { key: "?", shown: "?", text: "help", act: openHelp },
];

/** Listen to keys, and list them in the help. */
export function startKeys() {
  listKeys(KEYS);
  on("language", () => listKeys(KEYS));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const held = event.ctrlKey || event.metaKey;
    if (typing(event.target) || (!held && event.key.length === 1 && !byId("single-keys").checked)) return;
    if (held && event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      redo();
      return;
    }
    const found = KEYS.find(({ key, held: wanted = false }) => key === event.key && wanted === held);
    if (!found || (model.server.photo === null && found.act !== openHelp)) return;
    event.preventDefault();
    found.act();
  });
}

const typing = (target) => target.matches("select, textarea, input:not([type=range], [type=radio], [type=checkbox], [type=color])");

/** One more or one less: of the brush's size with a brush in the hand, else of the strokes shown. */
function change(by) {
  if (model.tool === "subject" || model.tool === "importance") {
    byId("brush-size").value = byId("brush-size").valueAsNumber + 2 * by;
    byId("brush-size").dispatchEvent(new Event("input"));
  } else showLevel(levelShown() + by);
}

function nextPlace() {
  const places = [...document.querySelectorAll("[name=photo-shown]")];
  places[(places.findIndex((each) => each.checked) + 1) % places.length].click();
}
