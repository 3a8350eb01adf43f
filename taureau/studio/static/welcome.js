// What one sees first: how to begin, and photos to try it with.
import { byId, drawn, element } from "./page.js";
import { send } from "./socket.js";
import { model, on } from "./state.js";
import { draw } from "./settings.js";
import { t } from "./texts.js";

const BULL = [
  "M26 70C58 42 102 62 136 40", "M136 40C156 26 182 36 186 54",
  "M186 54C204 58 208 78 192 84", "M168 39C160 24 170 12 188 14",
  "M188 56C202 54 214 44 214 28", "M178 80C160 112 92 96 46 102",
  "M152 98C146 114 156 126 150 144", "M46 102C36 116 48 128 40 144",
  "M26 70C8 80 22 100 10 116",
];

/** Show the welcome while there is no photo, and the samples. */
export function startWelcome() {
  byId("bull").append(...BULL.map((d) => drawn("path", { d, pathLength: "1" })));
  on("state hello", () => {
    const empty = model.server.photo === null;
    document.body.classList.toggle("empty", empty);
    byId("welcome").hidden = !empty;
    for (const each of document.querySelectorAll(".with-photo")) each.hidden = empty;
  });
  on("hello language", showSamples);
  let fresh = false;
  on("hello", () => {
    fresh = !model.hello.resumed;
  });
  on("state", () => {
    if (fresh && model.server.photo && model.strokes.length === 0) draw(); // the command was given a photo
    fresh = false;
  });
}

function showSamples() {
  const samples = model.hello?.samples ?? [];
  byId("samples-section").hidden = samples.length === 0;
  byId("samples").replaceChildren(...samples.map(card));
}

function card({ name, author, page, license }) {
  const picture = element("img", { src: `samples/${name}.jpg`, alt: "", width: "160", height: "160", loading: "lazy" });
  const button = element("button", { type: "button", "data-sample": name }, picture, element("span", {}, t(`sample_${name}`)));
  button.addEventListener("click", () => {
    send("sample", { name });
    draw();
  });
  const credit = element("a", { href: page, target: "_blank", rel: "noreferrer" }, author);
  return element("li", {}, button, element("p", { class: "credit" }, `${t("photo_by")} `, credit, `, ${license.replaceAll(" ", "\u00a0")}`));
}
