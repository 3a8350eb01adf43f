// Small drawings with other seeds, to pick one from.
import { curve } from "./canvas.js";
import { byId, drawn, element } from "./page.js";
import { send } from "./socket.js";
import { model, on } from "./state.js";
import { number, t } from "./texts.js";

const COUNT = 6;

/** Let other seeds be drawn and picked. */
export function startWall() {
  byId("wall-more").addEventListener("click", () => send("wall", { count: COUNT }));
  on("wall", (done) => {
    byId("wall").setAttribute("aria-busy", String(!done));
    show();
  });
  on("language", show);
  on("state", mark);
  on("photo", () => {
    model.sketches = [];
    show();
  });
}

/** Mark the drawing that is on the sheet. */
function mark() {
  for (const button of byId("wall").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.seed) === model.server.settings.seed));
  }
}

function show() {
  byId("wall").replaceChildren(...model.sketches.map((sketch) => element("li", {}, small(sketch))));
  mark();
}

function small({ seed, score, strokes }) {
  const ink = strokes.map(([, points, width]) => drawn("path", { d: curve(points), "stroke-width": width }));
  const picture = drawn("svg", { viewBox: model.server.canvas.frame.join(" "), "aria-hidden": "true" }, ...ink);
  const shown = score === null ? "–" : number(score, 3);
  const button = element("button", { type: "button", "data-seed": seed, title: t("score_is", { score: shown }) }, picture);
  button.append(element("span", {}, t("seed_is", { seed })));
  button.addEventListener("click", () => {
    model.level = null;
    send("pick", { seed });
  });
  return button;
}
