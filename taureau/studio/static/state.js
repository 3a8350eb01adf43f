// What the page knows: what the server said last, and what is this page's own. Parts listen for changes by name.
const EMPTY = {
  photo: null, canvas: { size: 224, frame: [0, 0, 224, 224] }, status: "empty", queue: 0, settings: {}, strokes: [],
  step: 0, total: 0, score: null, undo: false, redo: false, curve: null, enough: null, subject: "none",
  importance: false, regions: [], command: "", warnings: [],
};
const changes = new EventTarget();

export const model = {
  hello: null, // the server's first message
  server: EMPTY, // its latest state
  strokes: [], // as shown: the state's, moved by frames and by hand
  sketches: [], // the wall
  connected: false,
  elsewhere: false, // whether another tab has this session now
  tool: "select",
  level: null, // how many strokes are shown; null: all
  selection: new Set(), // ids
};

/** Call `listener` whenever one of `names` (separated by spaces) has changed. */
export function on(names, listener) {
  for (const name of names.split(" ")) changes.addEventListener(name, (event) => listener(event.detail));
}

/** Say that something has changed. */
export function changed(name, detail = null) {
  changes.dispatchEvent(new CustomEvent(name, { detail }));
}

/** Take a message of the server. */
export function receive(message) {
  const take = { hello: takeHello, state: takeState, frame: takeFrame, wall: takeWall, error: takeError }[message.type];
  take?.(message);
}

/** How many strokes are shown. */
export const levelShown = () => Math.min(model.level ?? Infinity, model.strokes.length);

/** Whether strokes are being moved right now. */
export const working = () => ["waiting", "looking", "drawing"].includes(model.server.status);

/** Select these strokes and no other. */
export function select(ids) {
  model.selection = new Set(ids);
  changed("selection");
}

function takeHello(message) {
  model.hello = message;
  if (!message.resumed) model.server = EMPTY;
  changed("hello");
}

function takeState(message) {
  const before = model.server;
  model.server = message;
  model.strokes = message.strokes.map((stroke) => ({ ...stroke }));
  const there = new Set(model.strokes.map((stroke) => stroke.id));
  model.selection = new Set([...model.selection].filter((id) => there.has(id)));
  changed("state", before);
}

function takeFrame(message) {
  const known = new Map(model.strokes.map((stroke) => [stroke.id, stroke]));
  model.strokes = message.strokes.map(([id, points, width]) => ({
    color: "#000000", locked: false, ...known.get(id), id, points, width,
  }));
  const { step, total, score, loss } = message;
  Object.assign(model.server, { step, total, score, loss });
  changed("frame");
}

function takeWall(message) {
  model.sketches = message.sketches;
  changed("wall", message.done);
}

function takeError(message) {
  changed("error", message.text);
}
