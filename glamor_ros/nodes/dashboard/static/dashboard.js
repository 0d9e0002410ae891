// The page's connection to the node: what comes is handed to the parts that show it.

import { CameraView, sinceText } from "/video.js";
import { PeopleList } from "/people.js";
import { showHealth } from "/health.js";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;
const NOTICE_MS = 6000;
const TOO_MANY_VIEWERS = 4001;
const SILENT_CAMERA_S = 2;
const SILENT_PEOPLE_S = 3;
// Before a picture: the camera's number and the frame's stamp.
const PICTURE_HEADER_BYTES = 9;

const element = (id) => document.getElementById(id);

class Dashboard {
  #socket = null;
  #retryMs = FIRST_RETRY_MS;
  #cameras = new Map();
  #order = [];
  #status = null;
  #noticeTimer = 0;

  constructor() {
    element("pause").addEventListener("click", () => this.#command(element("pause").dataset.command));
    element("reset").addEventListener("click", () => this.#command("reset"));
    document.addEventListener("visibilitychange", () => this.#tellWatched());
    this.#connect();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/viewer`);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#receive(data));
    this.#socket.addEventListener("close", (event) => this.#lost(event));
  }

  #lost({ code, reason }) {
    this.#status = null;
    showConnection("lost", code === TOO_MANY_VIEWERS ? "Too many viewers" : "Disconnected");
    if (code === TOO_MANY_VIEWERS) this.#notify(reason);
    this.#showServices({ can_pause: false, can_reset: false, paused: null });
    for (const { view, people } of this.#cameras.values()) {
      view.showState("lost", "The dashboard node cannot be reached");
      people.clear("The dashboard node cannot be reached.");
    }
    setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #receive(data) {
    if (data instanceof ArrayBuffer) {
      this.#receivePicture(data);
      return;
    }
    const message = JSON.parse(data);
    const camera = this.#cameras.get(message.camera);
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "people":
        camera.view.addPeople(message);
        camera.people.update(message);
        // Nobody pays attention to somebody who has left.
        if (camera.selected !== null && !camera.people.has(camera.selected)) {
          this.#select(message.camera, camera.selected);
        }
        this.#showState(message.camera);
        break;
      case "attention":
        camera.view.addAttention(message);
        break;
      case "status":
        this.#showStatus(message);
        break;
      case "answer":
        this.#notify(message.text || (message.succeeded ? "Done." : "That did not work."));
        break;
    }
  }

  #receivePicture(buffer) {
    const header = new DataView(buffer);
    const name = this.#order[header.getUint8(0)];
    const stamp = header.getBigUint64(1).toString();
    const { view } = this.#cameras.get(name);
    view.addPicture(stamp, buffer.slice(PICTURE_HEADER_BYTES), () => this.#send({ shown: name }));
  }

  #welcome(settings) {
    this.#retryMs = FIRST_RETRY_MS;
    showConnection("live", "Connected");
    this.#order = settings.cameras;
    const list = element("cameras");
    list.replaceChildren();
    this.#cameras.clear();
    for (const name of settings.cameras) {
      const section = element("camera-template").content.firstElementChild.cloneNode(true);
      section.querySelector(".video h2").textContent = name || "Camera";
      section.dataset.camera = name;
      list.append(section);
      const select = (id) => this.#select(name, id);
      const view = new CameraView(section.querySelector(".video"), settings, select);
      const people = new PeopleList(section.querySelector(".people"), settings, select);
      this.#cameras.set(name, { view, people, selected: null });
      view.showState("waiting", "Waiting for the first picture");
    }
    this.#tellWatched();
  }

  // Selecting the person who is selected already ends the selection.
  #select(name, id) {
    const camera = this.#cameras.get(name);
    camera.selected = camera.selected === id ? null : id;
    camera.view.select(camera.selected);
    camera.people.select(camera.selected);
    this.#tellWatched();
  }

  #tellWatched() {
    const names = document.hidden ? [] : this.#order;
    const attention = names.filter((name) => this.#cameras.get(name).selected !== null);
    this.#send({ watch: names, attention });
  }

  #command(command) {
    this.#send({ command });
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #showStatus(status) {
    this.#status = status;
    const others = status.viewers - 1;
    const company = others === 0 ? "" : ` with ${others} other${others === 1 ? "" : "s"}`;
    showConnection("live", `Connected${company}`);
    this.#showServices(status.services);
    showHealth(status);
    for (const name of this.#order) this.#showState(name);
  }

  #showServices({ can_pause: canPause, can_reset: canReset, paused }) {
    const pause = element("pause");
    pause.disabled = !canPause;
    pause.dataset.command = paused ? "resume" : "pause";
    pause.textContent = paused ? "Resume" : "Pause";
    element("reset").disabled = !canReset;
    const missing = [canPause ? "" : "enable", canReset ? "" : "reset_people"].filter(Boolean);
    const hint = element("actions-hint");
    hint.hidden = missing.length === 0 || this.#status === null;
    hint.textContent = `No node offers ${missing.join(" or ")}`;
  }

  // Four things look alike from afar, and are told apart here: nobody is there, the perception is
  // silent, it is paused, and the camera is silent.
  #showState(name) {
    const status = this.#status?.cameras[name];
    if (!status) return;
    const { view, people } = this.#cameras.get(name);
    const { image_rate_hz: imageRate, image_age_s: imageAge, people_age_s: peopleAge } = status;
    const isSilent = peopleAge === null || peopleAge > SILENT_PEOPLE_S;
    if (imageRate === null) {
      view.showState("waiting", "Waiting for the first picture");
    } else if (imageAge === null || imageAge > SILENT_CAMERA_S) {
      view.showState("silent", "Camera silent", imageAge, "no pictures");
    } else if (this.#status.services.paused) {
      view.showState("paused", "Paused");
    } else if (isSilent) {
      view.showState("mute", "No messages", peopleAge, "no messages from emotion_node");
    } else if (people.count === 0) {
      view.showState("nobody", "Nobody in view");
    } else {
      view.showState("live", "Live");
    }
    if (this.#status.services.paused) people.clear("Paused.");
    else if (isSilent) people.clear(`Not known: ${sinceText(peopleAge, "no messages")}.`);
  }

  #notify(text) {
    const notice = element("notice");
    notice.textContent = text;
    notice.hidden = false;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => { notice.hidden = true; }, NOTICE_MS);
  }
}

function showConnection(state, text) {
  const pill = element("connection");
  pill.dataset.state = state;
  // Screen readers speak of each change.
  if (pill.textContent !== text) pill.textContent = text;
}

new Dashboard();
