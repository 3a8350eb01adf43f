// A gray picture over the photo that one paints on, and how it is shown in colour.
import { byId } from "./page.js";
import { model } from "./state.js";

const LONGEST = 512; // pixels on the long side, as the server has them
const ACCENT = [181, 69, 31], QUIET = [38, 84, 140];

export class Mask {
  /** @param {string} kind `subject`: 0 or 255; `importance`: 128 as it is, 255 more, 0 fewer. */
  constructor(kind) {
    this.kind = kind;
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Take a picture as the mask; null for an even one. */
  load(picture) {
    const { width, height } = model.server.photo;
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.canvas.width = picture?.width ?? Math.max(1, Math.round(width * scale));
    this.canvas.height = picture?.height ?? Math.max(1, Math.round(height * scale));
    this.pen.fillStyle = gray(this.kind === "importance" ? 128 : 0);
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (picture) this.pen.drawImage(picture, 0, 0);
    this.show();
  }

  /** Paint from one point to another (shares of the sheet), `size` wide in shares of its width. */
  paint(from, to, size, value) {
    const { width, height } = this.canvas;
    this.pen.strokeStyle = gray(value);
    this.pen.lineWidth = size * width;
    this.pen.lineCap = "round";
    this.pen.beginPath();
    this.pen.moveTo(from[0] * width, from[1] * height);
    this.pen.lineTo(to[0] * width + 1e-3, to[1] * height); // a dot has a length, too
    this.pen.stroke();
    this.show();
  }

  /** What it looks like now, to be put back by `restore`. */
  copy() {
    return this.pen.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  restore(copied) {
    this.pen.putImageData(copied, 0, 0);
    this.show();
  }

  /** The mask as a PNG. */
  png() {
    return new Promise((done) => this.canvas.toBlob(done, "image/png"));
  }

  /** Show it over the photo: the subject, or where more is drawn, is tinted; where fewer, it is hatched. */
  show() {
    const overlay = byId("overlay");
    const { data, width, height } = this.copy();
    overlay.width = width;
    overlay.height = height;
    const picture = new ImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const value = data[4 * pixel], fewer = this.kind === "importance" && value < 128;
      const hatched = (pixel % width + Math.floor(pixel / width)) % 10 < 4;
      const more = this.kind === "importance" ? (value - 128) / 127 : value / 255;
      const alpha = fewer ? (hatched ? (128 - value) / 128 : 0.1) : more;
      picture.data.set([...(fewer ? QUIET : ACCENT), Math.max(0, alpha) * 120], 4 * pixel);
    }
    overlay.getContext("2d").putImageData(picture, 0, 0);
  }
}

const gray = (value) => `rgb(${value} ${value} ${value})`;
