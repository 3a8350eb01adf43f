// The whole session as a file, and back.
import { byId, element } from "./page.js";
import { get, post } from "./socket.js";
import { changed, model } from "./state.js";

/** Let projects be saved and opened. */
export function startProject() {
  const file = byId("project-file");
  byId("open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files.length) openProject(file.files[0]);
    file.value = "";
  });
  byId("save").addEventListener("click", saveProject);
}

/** Save everything of this session as a file. */
export async function saveProject() {
  const answer = model.server.photo && (await get("project"));
  if (answer) await keep(answer);
}

/** Open a project file. */
export async function openProject(file) {
  if (!(await post("project", file))) return;
  model.level = null;
  changed("photo");
}

/** Let the browser save an answer under the name that the server gives it. */
export async function keep(answer) {
  const said = answer.headers.get("content-disposition") ?? "";
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(said)?.[1], plain = /filename="?([^";]+)"?/i.exec(said)?.[1];
  const link = element("a", { download: encoded ? decodeURIComponent(encoded) : plain ?? "drawing" });
  link.href = URL.createObjectURL(await answer.blob());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
