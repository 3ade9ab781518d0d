#include "train/report_page.hpp"

namespace tenon::detail {

const std::string_view report_script = R"js(
(() => {
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  const show = (event, lines) => {
    tip.textContent = lines.join('\n');
    tip.hidden = false;
    const {offsetWidth: w, offsetHeight: h} = tip;
    const x = event.clientX + 14, y = event.clientY + 16;
    tip.style.left = Math.max(4, x + w > innerWidth - 4 ? x - w - 28 : x) + 'px';
    tip.style.top = (y + h > innerHeight - 4 ? y - h - 32 : y) + 'px';
  };
  const numbers = (text) => text ? text.split(' ').map(Number) : [];
  const text = (value) => Number.isInteger(value) ? value.toLocaleString('en') :
      Number.isFinite(value) ? String(+value.toPrecision(4)) : String(value);
  const at = (svg, event) => {
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    return [(event.clientX - box.left) / box.width * view.width,
            (event.clientY - box.top) / box.height * view.height];
  };

  for (const svg of document.querySelectorAll('.chart > svg')) {
    const [left, right, top, bottom, low, high] = numbers(svg.dataset.frame);
    const curves = [...svg.querySelectorAll('[data-x]')].map((g) => (
        {name: g.dataset.n, x: numbers(g.dataset.x), y: numbers(g.dataset.y)}));
    for (const title of svg.querySelectorAll('title')) title.remove();
    const cross = svg.querySelector('.base').cloneNode();
    cross.setAttribute('class', 'cross');
    cross.style.display = 'none';
    svg.append(cross);
    const hide = () => { tip.hidden = true; cross.style.display = 'none'; };
    const move = (event) => {
      const wanted = low + (at(svg, event)[0] - left) / (right - left) * (high - low);
      const nearest = (curve) => curve.x.reduce(
          (best, x, i) => Math.abs(x - wanted) < Math.abs(curve.x[best] - wanted) ? i : best, 0);
      const found = curves.map((curve) => ({...curve, i: nearest(curve)}));
      const x = found.map((f) => f.x[f.i]).reduce(
          (a, b) => Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a);
      const px = left + (x - low) / (high - low) * (right - left);
      cross.setAttribute('d', `M${px} ${top}V${bottom}`);
      cross.style.display = '';
      show(event, [`${svg.dataset.name} ${text(x)}`, ...found.map((f) => `${f.name}: ${text(f.y[f.i])}` +
          (f.x[f.i] === x ? '' : ` (at ${text(f.x[f.i])})`))]);
    };
    svg.addEventListener('pointermove', move);
    svg.addEventListener('pointerdown', move);
    svg.addEventListener('pointerleave', hide);
  }

  for (const svg of document.querySelectorAll('.heat svg')) {
    const {row, column, rows, columns, values} = svg.dataset;
    const rowNames = rows.split('\n'), columnNames = columns.split('\n');
    const cells = numbers(values), image = svg.querySelector('image');
    const move = (event) => {
      const box = image.getBoundingClientRect();
      const r = Math.floor((event.clientY - box.top) / box.height * rowNames.length);
      const c = Math.floor((event.clientX - box.left) / box.width * columnNames.length);
      if (!(r in rowNames) || !(c in columnNames)) { tip.hidden = true; return; }
      const lines = [`${row}: ${rowNames[r]}`, `${column}: ${columnNames[c]}`];
      if (cells.length) lines.push(text(cells[r * columnNames.length + c]));
      show(event, lines);
    };
    svg.addEventListener('pointermove', move);
    svg.addEventListener('pointerdown', move);
    svg.addEventListener('pointerleave', () => { tip.hidden = true; });
  }

  addEventListener('scroll', () => { tip.hidden = true; }, {passive: true});
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
})();
)js";

}  // namespace tenon::detail
