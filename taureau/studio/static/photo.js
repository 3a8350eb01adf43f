// A photo arrives: dropped, pasted or picked. A dropped project is opened.
import { byId } from "./page.js";
import { openProject } from "./project.js";
import { draw } from "./settings.js";
import { post } from "./socket.js";
import { changed, model } from "./state.js";
import { number, t } from "./texts.js";

const MEGABYTE = 1e6;

/** Let photos in. */
export function startPhoto() {
  const file = byId("photo-file");
  for (const id of ["choose", "new-photo"]) byId(id).addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files.length) take(file.files[0]);
    file.value = "";
  });
  document.addEventListener("paste", (event) => {
    const pasted = [...event.clipboardData.files][0];
    if (pasted) take(pasted);
  });
  startDropping();
}

async function take(file) {
  if (file.name.endsWith(".taureau")) return openProject(file);
  const { bytes } = model.hello?.limits ?? {};
  if (bytes && file.size > bytes) {
    return changed("error", t("too_large", { name: file.name, size: number(file.size / MEGABYTE), most: number(bytes / MEGABYTE) }));
  }
  if (!(await post("photo", file, { name: file.name }))) return undefined;
  changed("photo");
  return draw();
}

function startDropping() {
  const sign = byId("dropping");
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    sign.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) sign.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    sign.hidden = true;
    take(event.dataTransfer.files[0]);
  });
}
