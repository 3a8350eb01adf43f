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
  on("wall", show);
  on("state language", () => show());
  on("photo", () => {
    model.sketches = [];
    show();
  });
}

function show(done = true) {
  byId("wall").setAttribute("aria-busy", String(done === false));
  byId("wall").replaceChildren(...model.sketches.map((sketch) => element("li", {}, small(sketch))));
}

function small({ seed, score, strokes }) {
  const ink = strokes.map(([, points, width]) => drawn("path", { d: curve(points), "stroke-width": width }));
  const picture = drawn("svg", { viewBox: model.server.canvas.frame.join(" "), "aria-hidden": "true" }, ...ink);
  const shown = score === null ? "–" : number(score, 3);
  const button = element("button", { type: "button", "data-seed": seed, "aria-pressed": String(seed === model.server.settings.seed), title: t("score_is", { score: shown }) }, picture);
  button.append(element("span", {}, t("seed_is", { seed })));
  button.addEventListener("click", () => {
    model.level = null;
    send("pick", { seed });
  });
  return button;
}
