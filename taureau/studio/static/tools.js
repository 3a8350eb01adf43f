// Which tool is in the hand, and the part of the panel that belongs to it.
import { changed, model, on } from "./state.js";

const buttons = () => [...document.querySelectorAll("[data-tool]")];

/** Let the tools be chosen. */
export function startTools() {
  for (const button of buttons()) button.addEventListener("click", () => take(button.dataset.tool));
  on("tool", show);
  show();
}

/** Take a tool. */
export function take(tool) {
  model.tool = tool;
  changed("tool");
}

function show() {
  for (const button of buttons()) button.setAttribute("aria-pressed", String(button.dataset.tool === model.tool));
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(model.tool);
  }
  document.body.dataset.hand = model.tool;
}
