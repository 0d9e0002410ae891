// One camera's picture, with the people in it and what the network pays attention to.

const REMEMBERED_MESSAGES = 60;
const KEEP_ATTENTION_MS = 1000;
const LEAST_OPACITY = 0.25;
const MOST_OPACITY = 0.75;
// Below, labels leave out the ids: those of two people would cover each other.
const NARROW_PX = 480;

export function sinceText(ageS, what) {
  return ageS === null ? `${what} yet` : `${what} for ${Math.round(ageS)} s`;
}

export class CameraView {
  #canvas;
  #context;
  #state;
  #veil;
  #settings;
  #picture = null;
  #stamp = null;
  #people = new Map();
  #attention = null;
  #selected = null;
  #isDrawing = false;

  constructor(root, settings, select) {
    this.#canvas = root.querySelector("canvas");
    this.#context = this.#canvas.getContext("2d");
    this.#state = root.querySelector(".state");
    this.#veil = root.querySelector(".veil");
    this.#settings = settings;
    this.#canvas.addEventListener("click", (event) => {
      const person = this.#personAt(event);
      if (person) select(person.id);
    });
    this.#canvas.addEventListener("mousemove", (event) => {
      this.#canvas.classList.toggle("over-person", Boolean(this.#personAt(event)));
    });
  }

  addPeople(message) {
    this.#people.set(message.stamp, message);
    if (this.#people.size > REMEMBERED_MESSAGES) {
      this.#people.delete(this.#people.keys().next().value);
    }
    const { people } = message;
    const names = people.map((one) => `${one.id} ${one.emotion}`).join(", ");
    this.#canvas.setAttribute("aria-label", `Picture with ${names || "nobody"}`);
    this.#draw();
  }

  // Not every picture is classified: the map of the last one stays for a moment.
  addAttention({ maps }) {
    if (!maps[this.#selected]) return;
    this.#attention = { map: maps[this.#selected], at: performance.now() };
    this.#draw();
  }

  async addPicture(stamp, jpeg, acknowledge) {
    try {
      const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
      this.#picture?.close();
      this.#picture = picture;
      this.#stamp = stamp;
      this.#draw();
    } catch (error) {
      console.warn("a picture cannot be decoded", error);
    }
    acknowledge();
  }

  select(id) {
    this.#selected = id;
    this.#attention = null;
    this.#draw();
  }

  // ageS and what: since when, and what does not come; they lie over the picture.
  showState(kind, text, ageS, what) {
    this.#state.dataset.state = kind;
    if (this.#state.textContent !== text) this.#state.textContent = text;
    const veiled = ageS === undefined ? text : capitalized(sinceText(ageS, what));
    const isVeiled = ["lost", "silent", "waiting", "paused"].includes(kind);
    this.#veil.textContent = isVeiled ? veiled : kind === "mute" ? veiled : "";
    this.#veil.dataset.kind = isVeiled ? "whole" : kind === "mute" ? "strip" : "none";
  }

  #personAt(event) {
    const shown = this.#people.get(this.#stamp);
    if (!shown) return undefined;
    const x = event.offsetX / this.#canvas.clientWidth * shown.width;
    const y = event.offsetY / this.#canvas.clientHeight * shown.height;
    return shown.people.find(({ box: [left, top, width, height] }) =>
      x >= left && x < left + width && y >= top && y < top + height);
  }

  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#picture) this.#paint();
    });
  }

  #paint() {
    const { width, height } = this.#picture;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      // A picture that is higher than wide fits the window too.
      this.#canvas.style.maxWidth = `calc(75vh * ${width / height})`;
    }
    this.#context.drawImage(this.#picture, 0, 0);
    const shown = this.#people.get(this.#stamp);
    if (!shown) return;
    const toPicture = width / shown.width;
    if (this.#attention && performance.now() - this.#attention.at < KEEP_ATTENTION_MS) {
      this.#paintHeat(this.#attention.map, toPicture);
    }
    for (const person of shown.people) this.#paintPerson(person, toPicture);
  }

  #paintHeat({ region, rows, columns, heat }, toPicture) {
    const cells = new ImageData(columns, rows);
    heat.forEach((value, index) => {
      const opacity = LEAST_OPACITY + (MOST_OPACITY - LEAST_OPACITY) * value / 255;
      cells.data.set([...this.#settings.heat_colors[value], opacity * 255], index * 4);
    });
    const small = new OffscreenCanvas(columns, rows);
    small.getContext("2d").putImageData(cells, 0, 0);
    const [x, y, width, height] = region.map((one) => one * toPicture);
    this.#context.imageSmoothingEnabled = true;
    this.#context.imageSmoothingQuality = "high";
    this.#context.drawImage(small, x, y, width, height);
    this.#context.strokeStyle = "white";
    this.#context.lineWidth = this.#pixel();
    this.#context.strokeRect(x, y, width, height);
  }

  #paintPerson(person, toPicture) {
    const context = this.#context;
    const pixel = this.#pixel();
    const [x, y, width, height] = person.box.map((one) => one * toPicture);
    const color = this.#settings.emotion_colors[person.emotion];
    const isSelected = person.id === this.#selected;
    const lineWidth = (isSelected ? 4 : 2.5) * pixel;
    // A face whose place is predicted has a dashed outline.
    context.setLineDash(person.observed ? [] : [8 * pixel, 6 * pixel]);
    for (const [style, extra] of [["rgb(0 0 0 / 60%)", 2 * pixel], [color, 0]]) {
      context.strokeStyle = style;
      context.lineWidth = lineWidth + extra;
      context.strokeRect(x, y, width, height);
    }
    context.setLineDash([]);
    this.#paintLabel(person, color, x, y, y + height);
  }

  #paintLabel(person, color, x, top, bottom) {
    const context = this.#context;
    const pixel = this.#pixel();
    const size = 13 * pixel;
    context.font = `600 ${size}px system-ui, sans-serif`;
    const emotion = person.confidence === null ? person.emotion
      : `${person.emotion} ${Math.round(person.confidence * 100)} %`;
    const isNarrow = this.#canvas.clientWidth < NARROW_PX;
    const text = isNarrow ? emotion : `${person.id}  ${emotion}`;
    const width = context.measureText(text).width + 10 * pixel;
    const height = size * 1.6;
    const left = Math.max(0, Math.min(x - pixel, this.#canvas.width - width));
    const above = top - height >= 0 ? top - height : Math.min(bottom, this.#canvas.height - height);
    context.fillStyle = color;
    context.fillRect(left, above, width, height);
    context.fillStyle = readableOn(color);
    context.textBaseline = "middle";
    context.fillText(text, left + 5 * pixel, above + height / 2);
  }

  // A CSS pixel in pixels of the canvas.
  #pixel() {
    return this.#canvas.width / Math.max(this.#canvas.clientWidth, 1);
  }
}

// Black or white, whichever contrasts more (WCAG 2.1, contrast ratio).
function readableOn(color) {
  const linear = [1, 3, 5].map((at) => {
    const channel = parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

function capitalized(text) {
  return text[0].toUpperCase() + text.slice(1);
}
