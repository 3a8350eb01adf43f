// What went wrong, in words, until it is closed; and what screen readers are told on the side.
import { byId, element } from "./page.js";
import { on } from "./state.js";
import { t } from "./texts.js";

const MOST = 3;

/** Show the server's errors and the page's own. */
export function startErrors() {
  on("error", show);
  for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("close", place);
}

/** Errors are seen and can be closed only inside a dialog, while one is open. */
function place() {
  const parent = document.querySelector("dialog[open]") ?? document.body;
  if (byId("errors").parentElement !== parent) parent.append(byId("errors"));
}

/** Tell a screen reader something that others see. */
export function announce(text) {
  byId("announcer").textContent = text;
}

function show(text) {
  place();
  const close = element("button", { type: "button" }, t("close"));
  const error = element("div", { class: "error" }, element("p", {}, text), close);
  close.addEventListener("click", () => error.remove());
  const box = byId("errors");
  for (const same of [...box.children].filter((each) => each.firstChild.textContent === text)) same.remove();
  box.append(error);
  while (box.children.length > MOST) box.firstChild.remove();
}
