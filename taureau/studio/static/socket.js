// The connection: messages both ways, the addresses of this session, and coming back after it was lost.
import { changed, model, receive } from "./state.js";
import { t } from "./texts.js";

const KEPT = "taureau-session"; // of this tab: a page that is loaded again takes its session up
const TAKEN_OVER = 4409; // the code of a socket whose session is open in another tab now
const WAITS = [300, 1000, 2000, 5000];
let socket = null, lost = 0;

/** Open the socket, and open it again whenever it is lost. */
export function connect() {
  const address = new URL("socket", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const session = model.hello?.session ?? sessionStorage.getItem(KEPT);
  if (session) address.searchParams.set("session", session);
  socket = new WebSocket(address);
  socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  socket.addEventListener("close", ({ code }) => {
    model.connected = false;
    model.elsewhere = code === TAKEN_OVER;
    changed("connection");
    if (model.elsewhere) leave();
    else setTimeout(connect, WAITS[Math.min(lost++, WAITS.length - 1)]);
  });
}

/** Ask the server to do something. */
export function send(what, values = {}) {
  if (model.connected) socket.send(JSON.stringify({ do: what, ...values }));
  else changed("error", t("offline"));
}

/** The address of something of this session, such as `photo`. */
export function address(name, query = {}) {
  return `api/${model.hello.session}/${name}?${new URLSearchParams(query)}`;
}

/** Send a body to an address of this session; what went wrong is shown, and then the answer is null. */
export async function post(name, body, query = {}) {
  return answered(fetch(address(name, query), { method: "POST", body }));
}

/** Get something of this session; null if that went wrong. */
export async function get(name, query = {}) {
  return answered(fetch(address(name, query)));
}

/** Let the other tab have the session. */
function leave() {
  sessionStorage.removeItem(KEPT);
  changed("error", t("taken_over"));
}

async function answered(request) {
  try {
    const answer = await request;
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => null);
    changed("error", said?.error ?? t("refused", { status: answer.status }));
  } catch {
    changed("error", t("offline"));
  }
  return null;
}

function hear(message) {
  if (message.type === "hello") {
    sessionStorage.setItem(KEPT, message.session);
    lost = 0;
    model.connected = true;
    changed("connection");
  }
  receive(message);
}
