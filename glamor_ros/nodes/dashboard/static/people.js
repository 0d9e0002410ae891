// The people in view of one camera, a card for each.

import { ProbabilityChart } from "/charts.js";

// A face that is missed for a moment keeps its card.
const KEEP_MISSING_MS = 1500;
const DRAW_INTERVAL_MS = 250;

export class PeopleList {
  #cards = new Map();
  #root;
  #settings;
  #select;
  #selected = null;
  #count = 0;

  constructor(root, settings, select) {
    this.#root = root;
    this.#settings = settings;
    this.#select = select;
    const items = settings.emotions.map((emotion) => {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = settings.emotion_colors[emotion];
      item.append(swatch, emotion);
      return item;
    });
    root.querySelector(".legend").append(...items);
    const timer = setInterval(() => {
      if (!root.isConnected) clearInterval(timer);
      else if (!document.hidden) this.#cards.forEach((card) => card.draw());
    }, DRAW_INTERVAL_MS);
  }

  get count() {
    return this.#count;
  }

  has(id) {
    return this.#cards.has(id);
  }

  update({ people }) {
    const now = performance.now();
    this.#count = people.length;
    for (const person of people) {
      if (!this.#cards.has(person.id)) this.#add(person.id);
      this.#cards.get(person.id).update(person, now);
    }
    for (const [id, card] of this.#cards) {
      if (now - card.seenAt > KEEP_MISSING_MS) {
        card.element.remove();
        this.#cards.delete(id);
      }
    }
    this.#showCount(this.#cards.size === 0 ? "Nobody in view." : "");
  }

  // Say why nothing is known of anybody.
  clear(reason) {
    this.#count = 0;
    this.#cards.forEach((card) => card.element.remove());
    this.#cards.clear();
    this.#showCount(reason);
  }

  select(id) {
    this.#selected = id;
    this.#cards.forEach((card) => card.showSelected(card.id === id));
  }

  #add(id) {
    const card = new PersonCard(id, this.#settings, () => this.#select(id));
    card.showSelected(id === this.#selected);
    this.#cards.set(id, card);
    this.#root.querySelector(".cards").append(card.element);
  }

  #showCount(reason) {
    const empty = this.#root.querySelector(".empty");
    if (empty.textContent !== reason) empty.textContent = reason;
    empty.hidden = reason === "";
    this.#root.querySelector(".legend").hidden = reason !== "";
    this.#root.querySelector(".count").textContent = this.#count ? `${this.#count} in view` : "";
  }
}

class PersonCard {
  #chart;
  #colors;
  #person = null;

  constructor(id, settings, select) {
    this.id = id;
    this.seenAt = 0;
    this.element = document.getElementById("person-template").content.firstElementChild
      .cloneNode(true);
    this.element.dataset.person = id;
    this.#colors = settings.emotion_colors;
    this.#chart = new ProbabilityChart(this.#find(".chart"), settings);
    this.#find(".id").textContent = id;
    this.#find(".attention").addEventListener("click", select);
    this.#find(".attention").setAttribute("aria-label", `Attention of ${id}`);
  }

  update(person, now) {
    const isFirst = this.#person === null;
    this.seenAt = now;
    this.#person = person;
    this.#chart.add(now / 1000, person.probabilities);
    if (isFirst) this.draw();
  }

  showSelected(isSelected) {
    this.element.classList.toggle("selected", isSelected);
    this.#find(".attention").setAttribute("aria-pressed", String(isSelected));
  }

  draw() {
    const person = this.#person;
    this.#find(".swatch").style.background = this.#colors[person.emotion];
    // The probability of an emotion that is not named would be read as that of "Unknown".
    const confidence = person.unknown_reason ? "" : percent(person.confidence);
    const emotion = person.unknown_reason
      ? `${person.emotion} (${person.unknown_reason})` : person.emotion;
    this.#find(".emotion").textContent = emotion;
    this.#find(".confidence").textContent = confidence;
    const face = person.face_weight;
    // Not every picture is classified: what was known last stays.
    if (face !== null) {
      this.#find(".weights").hidden = false;
      this.#find(".weight span").style.width = `${face * 100}%`;
      // Rounded each by itself, the two might make 101 %.
      const scene = percent(1 - Math.round(face * 100) / 100);
      this.#find(".face-label").textContent = `Face ${percent(face)}`;
      this.#find(".scene-label").textContent = `Scene ${scene}`;
      this.#find(".weight").setAttribute(
        "aria-label", `Weight of the face ${percent(face)}, of the scene ${scene}`);
    }
    const details = [
      `Followed for ${duration(person.tracked_s)}`,
      person.observed ? "seen in the last picture" : "place predicted",
    ];
    if (person.distance_m !== null) details.push(`${person.distance_m.toFixed(1)} m away`);
    // A line may end between them, not within.
    this.#find(".details").textContent =
      details.map((one) => one.replaceAll(" ", "\u00a0")).join(" · ");
    this.#find(".chart").setAttribute(
      "aria-label", `Probabilities over the last minute, now ${emotion} ` + confidence);
    this.#chart.draw(performance.now() / 1000);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}

function percent(share) {
  return share === null ? "" : `${Math.round(share * 100)} %`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
