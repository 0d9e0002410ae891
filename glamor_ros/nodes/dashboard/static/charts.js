// Each emotion's probability over the last minute.

const WINDOW_S = 60;
const SAMPLE_INTERVAL_S = 0.2;
const HEIGHT_PX = 110;
const AXIS_COLOR = "#aab4bf";
const GRID_COLOR = "#39424d";

export class ProbabilityChart {
  #times = [];
  #probabilities;
  #plot;

  constructor(root, { emotions, emotion_colors: colors }) {
    this.#probabilities = emotions.map(() => []);
    const axis = {
      stroke: AXIS_COLOR,
      grid: { stroke: GRID_COLOR, width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    this.#plot = new uPlot({
      width: 200,
      height: HEIGHT_PX,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-WINDOW_S, 0] }, y: { range: [-0.04, 1.04] } },
      axes: [
        {
          ...axis,
          size: 22,
          splits: () => [-60, -40, -20, 0],
          values: (plot, splits) => splits.map((one) => (one === 0 ? "now" : `${one} s`)),
        },
        {
          ...axis,
          size: 42,
          splits: () => [0, 0.5, 1],
          values: (plot, splits) => splits.map((one) => `${one * 100} %`),
        },
      ],
      series: [
        {},
        ...emotions.map((emotion) => ({
          label: emotion, stroke: colors[emotion], width: 2, points: { show: false },
        })),
      ],
    }, [[], ...emotions.map(() => [])], root);
    new ResizeObserver(() => {
      if (root.clientWidth) this.#plot.setSize({ width: root.clientWidth, height: HEIGHT_PX });
    }).observe(root);
  }

  // nowS: seconds that never run back.
  add(nowS, probabilities) {
    const last = this.#times.at(-1);
    if (last !== undefined && nowS - last < SAMPLE_INTERVAL_S) return;
    this.#times.push(nowS);
    this.#probabilities.forEach((values, index) => values.push(probabilities[index]));
    while (this.#times[0] < nowS - WINDOW_S - 1) {
      this.#times.shift();
      this.#probabilities.forEach((values) => values.shift());
    }
  }

  draw(nowS) {
    this.#plot.setData([this.#times.map((time) => time - nowS), ...this.#probabilities]);
  }
}
