// The brushes for the subject and for importance: painted here, sent a moment after the hand is up.
import { announce } from "./errors.js";
import { Mask } from "./mask.js";
import { byId, chosen } from "./page.js";
import { draw } from "./settings.js";
import { get, post } from "./socket.js";
import { changed, model, on } from "./state.js";
import { say, t } from "./texts.js";

const masks = { subject: new Mask("subject"), importance: new Mask("importance") };
const fresh = new Set(); // kinds that are as the server has them
let from = null, before = null, sending = Promise.resolve();

/** The width of the brush in shares of the sheet's width. */
export const brushSize = () => byId("brush-size").valueAsNumber / 100;

/** Show the mask of the tool in the hand. */
export function startMasks() {
  on("tool", show);
  on("state", (earlier) => {
    if (earlier.photo === null || earlier.photo?.name !== model.server.photo?.name) forget();
    else if (model.server.subject !== earlier.subject) fresh.delete("subject");
    show();
  });
  on("photo", forget);
  byId("brush-clear").addEventListener("click", clear);
  byId("brush-draw").addEventListener("click", async () => {
    await sending;
    draw();
  });
}

/** The brush goes down. */
export function brushDown(point) {
  before = mask().copy();
  from = point;
  brushMove(point);
}

/** The brush moves. */
export function brushMove(point) {
  mask().paint(from, point, brushSize(), Number(chosen(`${model.tool}-brush`)));
  from = point;
}

/** The brush goes up: what was painted is sent. */
export function brushUp() {
  const { tool } = model, painted = mask();
  fresh.add(tool);
  sending = sending.then(async () => post(tool, await painted.png()));
}

/** What was painted since the brush went down is taken back. */
export function brushCancel() {
  if (before && mask()) mask().restore(before);
  before = null;
}

const mask = () => masks[model.tool];

function forget() {
  fresh.clear();
  show();
}

async function show() {
  const kind = model.tool, shown = mask();
  byId("overlay").hidden = !shown || model.server.photo === null;
  if (!shown || model.server.photo === null) return;
  say(byId("brush-clear"), kind === "subject" ? "as_found" : "clear");
  if (fresh.has(kind)) {
    shown.show();
    return;
  }
  fresh.add(kind);
  const picture = await get(kind, { n: Date.now() });
  if (picture === null) {
    fresh.delete(kind);
    shown.load(null);
    return;
  }
  const loaded = await createImageBitmap(await picture.blob());
  shown.load(loaded);
  if (model.tool !== kind) show();
}

async function clear() {
  const kind = model.tool;
  await sending;
  if (!(await post(kind, ""))) return;
  fresh.delete(kind);
  await show();
  announce(t("cleared"));
  changed("mask");
}
