// Where the page begins: texts first, then every part of the page, then the connection.
import { startCanvas } from "./canvas.js";
import { startDetails } from "./details.js";
import { startErrors } from "./errors.js";
import { startExport } from "./export.js";
import { startHandles } from "./handles.js";
import { startHelp } from "./help.js";
import { addIcons } from "./icons.js";
import { startKeys } from "./keys.js";
import { startLevels } from "./levels.js";
import { startMasks } from "./masks.js";
import { startPaper } from "./paper.js";
import { startPhoto } from "./photo.js";
import { startProject } from "./project.js";
import { startRegions } from "./regions.js";
import { startSettings } from "./settings.js";
import { connect } from "./socket.js";
import { startStrokes } from "./strokes.js";
import { startSurface } from "./surface.js";
import { startTexts } from "./texts.js";
import { startTools } from "./tools.js";
import { startTransport } from "./transport.js";
import { startWall } from "./wall.js";
import { startWelcome } from "./welcome.js";

addIcons(document);
await startTexts();
const parts = [ // settings come before the welcome, which draws a photo of the command with them
  startErrors, startSettings, startWelcome, startTools, startPaper, startCanvas, startStrokes, startHandles, startSurface,
  startMasks, startRegions, startLevels, startTransport, startWall, startDetails, startPhoto, startProject, startExport,
  startHelp, startKeys,
];
for (const start of parts) start();
connect();
