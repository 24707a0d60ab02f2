"use strict";
// Draws each figure from the JSON beside it, for the width there is and in light or dark.

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(hover: none)").matches;
const figures = [...document.querySelectorAll(".figure")].map((box) => ({ box, json: box.nextElementSibling.textContent, width: 0 }));
let chosen = null; // the reader's theme, once they pressed the button
let printing = false;
const PAPER = 680; // pixels that fit on A4 and on Letter

const theme = () => (printing ? "light" : chosen || (prefersDark.matches ? "dark" : "light"));

// Panels in as many columns as fit; the same sums as Panels._arrange in panels.py.
function arrange(layout, width) {
  const { heights, columns: most, left, right: wanted, top, bottom } = layout.meta;
  const columns = Math.max(1, Math.min(most, Math.floor(width / (most > 2 ? 300 : printing ? 330 : 400))));
  const right = Math.min(wanted, Math.max(12, width / columns * 0.22));
  const rows = [];
  for (let i = 0; i < heights.length; i += columns) rows.push(heights.slice(i, i + columns));
  const total = rows.reduce((sum, row) => sum + Math.max(...row) + top + bottom, 0);
  const cell = width / columns;
  let y = 0;
  rows.forEach((row, r) => {
    row.forEach((height, c) => {
      const n = r * columns + c ? r * columns + c + 1 : "";
      layout["xaxis" + n].domain = [(c * cell + left) / width, ((c + 1) * cell - right) / width];
      layout["yaxis" + n].domain = [1 - (y + top + height) / total, 1 - (y + top) / total];
    });
    y += Math.max(...row) + top + bottom;
  });
  layout.width = width;
  layout.height = total;
}

function draw(figure) {
  const width = printing ? PAPER : figure.box.clientWidth; // the paper is not laid out yet when printing begins
  if (!width) return;
  figure.width = width;
  const text = theme() === "dark" ? TWINS.reduce((json, [light, dark]) => json.replaceAll(light, dark), figure.json) : figure.json;
  const { data, layout } = JSON.parse(text);
  arrange(layout, width);
  // bubbles that fit a wide page would cover each other on a narrow one
  for (const trace of data) if (trace.marker?.sizeref && width < 700) trace.marker.sizeref *= 2.2;
  layout.dragmode = touch ? false : "zoom";
  figure.box.style.minHeight = layout.height + "px";
  Plotly.react(figure.box, data, layout, { displayModeBar: false, displaylogo: false });
}

function drawAll() {
  root.dataset.theme = theme();
  figures.forEach(draw);
}

document.getElementById("theme").addEventListener("click", () => {
  chosen = theme() === "dark" ? "light" : "dark";
  drawAll();
});
prefersDark.addEventListener("change", drawAll);
addEventListener("beforeprint", () => { printing = true; drawAll(); });
addEventListener("afterprint", () => { printing = false; drawAll(); });
new ResizeObserver(() => printing || figures.forEach((f) => f.box.clientWidth !== f.width && draw(f))).observe(document.querySelector("main"));
drawAll();
