/* Where tables stand and how lines run between them. Pure: numbers in, numbers out; knows no page.

   layered({nodes: [{w, h, y?}], edges: [{a, b, ay, by}], focus, narrow?}) -> {x, y, layer, routes, box}
   `ay` and `by` are the heights of the ports, from the top of their tables; `y`, where a table stood before.
   A route is a list of points: lines between them begin and end level. Edges of a table to itself have none. */
(function () {
  "use strict";
  const GAP_Y = 26, SLOT_GAP = 9, SWEEPS = 6, MIN_GAP = 90, MAX_GAP = 260;

  function layered(picture) {
    const count = picture.nodes.length;
    const pairs = pairsOf(picture.edges, count);
    const layer = layersOf(count, pairs, picture.focus || 0);
    const boxes = picture.nodes.map((n, i) => ({ w: n.w, h: n.h, layer: layer[i], y: n.y, slot: false }));
    const links = pairs.flatMap((pair) => throughSlots(pair, layer, boxes, picture.edges));
    const columns = columnsOf(boxes);
    arrange(boxes, columns, links);
    const xs = spread(columns, boxes, links, picture.narrow ? 0.45 : 1);
    const x = boxes.map((b) => xs[b.layer].x + (xs[b.layer].w - b.w) / 2);
    const y = boxes.map((b) => b.y);
    const routes = picture.edges.map(() => null);
    for (const pair of pairs) routePair(pair, picture, routes, x, y, xs, layer, boxes);
    return { x: x.slice(0, count), y: y.slice(0, count), layer, routes, box: boundsOf(boxes, x, count) };
  }

  /* Edges between the same two tables go together. */
  function pairsOf(edges, count) {
    const known = new Map();
    edges.forEach((edge, number) => {
      if (edge.a === edge.b) return;
      const key = edge.a * count + edge.b;
      let pair = known.get(key);
      if (!pair) known.set(key, (pair = { a: edge.a, b: edge.b, edges: [], slots: [], back: false }));
      pair.edges.push(number);
    });
    return [...known.values()];
  }

  /* --- layers: longest paths, once the pairs that go back are turned around */

  function layersOf(count, pairs, focus) {
    const order = topological(count, pairs, focus);
    const layer = new Array(count).fill(0);
    const before = lists(count), after = lists(count);
    for (const pair of pairs) {
      const [from, to] = pair.back ? [pair.b, pair.a] : [pair.a, pair.b];
      before[to].push(from);
      after[from].push(to);
    }
    for (const node of order) for (const next of after[node]) layer[next] = Math.max(layer[next], layer[node] + 1);
    for (let round = 0; round < 3; round++) {
      for (const node of order.slice().reverse()) pull(node, layer, before[node], after[node]);
      for (const node of order) pull(node, layer, before[node], after[node]);
    }
    const least = count ? layer.reduce((a, b) => Math.min(a, b)) : 0;
    return layer.map((l) => l - least);
  }

  /* To where it has the shorter edges: a source stands beside what it feeds. */
  function pull(node, layer, before, after) {
    if (!after.length && !before.length) return;
    const low = before.length ? Math.max(...before.map((n) => layer[n])) + 1 : -Infinity;
    const high = after.length ? Math.min(...after.map((n) => layer[n])) - 1 : Infinity;
    if (after.length > before.length || (!before.length && after.length)) layer[node] = high;
    else if (before.length > after.length) layer[node] = low;
    else layer[node] = Math.max(low, Math.min(high, layer[node]));
  }

  function topological(count, pairs, focus) {
    const out = lists(count), indegree = new Array(count).fill(0);
    for (const pair of pairs) {
      out[pair.a].push(pair);
      indegree[pair.b]++;
    }
    const state = new Uint8Array(count), done = [];
    const roots = [...Array(count).keys()].sort((a, b) => indegree[a] - indegree[b] || a - b);
    for (const root of count ? [focus, ...roots] : []) depthFirst(root, out, state, done);
    return done.reverse();
  }

  function depthFirst(root, out, state, done) {
    if (state[root]) return;
    const stack = [[root, 0]];
    state[root] = 1;
    while (stack.length) {
      const top = stack[stack.length - 1];
      const pair = out[top[0]][top[1]++];
      if (!pair) {
        state[top[0]] = 2;
        done.push(top[0]);
        stack.pop();
      } else if (state[pair.b] === 1) pair.back = true;
      else if (!state[pair.b]) {
        state[pair.b] = 1;
        stack.push([pair.b, 0]);
      }
    }
  }

  /* --- slots: what passes a layer gets a place of its own there, beside the tables */

  function throughSlots(pair, layer, boxes, edges) {
    const [from, to] = pair.back ? [pair.b, pair.a] : [pair.a, pair.b];
    let before = from, offset = mean(pair.edges, (e) => (pair.back ? edges[e].by : edges[e].ay));
    const links = [], weight = Math.min(pair.edges.length, 8), height = slotHeight(pair);
    for (let l = layer[from] + 1; l < layer[to]; l++) {
      boxes.push({ w: 0, h: height, layer: l, slot: true });
      pair.slots.push(boxes.length - 1);
      links.push({ a: before, b: boxes.length - 1, ay: offset, by: height / 2, weight: weight + 2 });
      before = boxes.length - 1;
      offset = height / 2;
    }
    const end = mean(pair.edges, (e) => (pair.back ? edges[e].ay : edges[e].by));
    links.push({ a: before, b: to, ay: offset, by: end, weight });
    return links;
  }

  function slotHeight(pair) {
    return Math.min(4 + 2 * (pair.edges.length - 1), 16);
  }

  /* --- heights: every box goes to the mean of what it is linked with, then they are pushed apart */

  function arrange(boxes, columns, links) {
    const left = lists(boxes.length), right = lists(boxes.length);
    for (const link of links) {
      right[link.a].push(link);
      left[link.b].push(link);
    }
    for (const column of columns) begin(column, boxes);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const last = sweep >= SWEEPS - 2;
      for (const column of columns) settle(column, boxes, left, last ? right : null);
      for (const column of columns.slice().reverse()) settle(column, boxes, last ? left : null, right);
    }
  }

  function begin(column, boxes) {
    if (column.some((i) => boxes[i].y !== undefined)) column.sort((a, b) => (boxes[a].y ?? 1e9) - (boxes[b].y ?? 1e9) || a - b);
    let top = 0;
    for (const i of column) {
      boxes[i].y = top;
      top += boxes[i].h + GAP_Y;
    }
    for (const i of column) boxes[i].y -= top / 2;
  }

  function settle(column, boxes, left, right) {
    const wanted = new Map();
    for (const i of column) wanted.set(i, wish(i, boxes, left, right));
    column.sort((a, b) => wanted.get(a).at - wanted.get(b).at || a - b);
    pushApart(column, boxes, wanted);
  }

  function wish(i, boxes, left, right) {
    let sum = 0, weight = 0;
    for (const link of left ? left[i] : []) {
      sum += link.weight * (boxes[link.a].y + link.ay - link.by);
      weight += link.weight;
    }
    for (const link of right ? right[i] : []) {
      sum += link.weight * (boxes[link.b].y + link.by - link.ay);
      weight += link.weight;
    }
    const y = weight ? sum / weight : boxes[i].y;
    return { y, at: y + boxes[i].h / 2, weight: weight || 0.1 };
  }

  /* The nearest heights to the wished ones in this order without overlap (pool adjacent violators). */
  function pushApart(column, boxes, wanted) {
    const blocks = [];
    let offset = 0, before = null;
    const offsets = column.map((i) => {
      if (before !== null) offset += boxes[before].h + gap(boxes[before], boxes[i]);
      before = i;
      return offset;
    });
    column.forEach((i, k) => {
      const wish = wanted.get(i);
      let block = { first: k, weight: wish.weight, sum: wish.weight * (wish.y - offsets[k]) };
      while (blocks.length && value(blocks[blocks.length - 1]) >= value(block)) {
        const above = blocks.pop();
        block = { first: above.first, weight: above.weight + block.weight, sum: above.sum + block.sum };
      }
      blocks.push(block);
    });
    blocks.forEach((block, n) => {
      const end = n + 1 < blocks.length ? blocks[n + 1].first : column.length;
      for (let k = block.first; k < end; k++) boxes[column[k]].y = value(block) + offsets[k];
    });
  }

  const value = (block) => block.sum / block.weight;
  const gap = (a, b) => (a.slot && b.slot ? SLOT_GAP : a.slot || b.slot ? 14 : GAP_Y);

  /* --- widths: the more lines between two layers, the wider the way */

  function spread(columns, boxes, links, share) {
    const crowd = new Array(columns.length).fill(0);
    for (const link of links) crowd[boxes[link.a].layer] += Math.abs(boxes[link.a].y + link.ay - boxes[link.b].y - link.by);
    let x = 0;
    return columns.map((column, l) => {
      const w = column.reduce((most, i) => Math.max(most, boxes[i].w), 0);
      const at = { x, w };
      x += w + share * Math.min(MAX_GAP, MIN_GAP + Math.sqrt(crowd[l]) * 1.6);
      return at;
    });
  }

  /* --- routes */

  function routePair(pair, picture, routes, x, y, xs, layer, boxes) {
    const ordered = pair.edges.slice().sort((e, f) => middle(picture.edges[e]) - middle(picture.edges[f]));
    ordered.forEach((number, k) => {
      const edge = picture.edges[number];
      const share = ordered.length > 1 ? k / (ordered.length - 1) - 0.5 : 0;
      const leave = pair.back ? x[edge.a] : x[edge.a] + picture.nodes[edge.a].w;
      const enter = pair.back ? x[edge.b] + picture.nodes[edge.b].w : x[edge.b];
      const between = pair.slots.map((slot) => [boxes[slot].layer, y[slot] + boxes[slot].h / 2 + share * (boxes[slot].h - 4)]);
      if (pair.back) between.reverse();
      const passed = between.flatMap(([l, height]) => across(xs[l], height, pair.back));
      const start = y[edge.a] + edge.ay, end = y[edge.b] + edge.by;
      const out = across(xs[layer[edge.a]], start, pair.back)[1], into = across(xs[layer[edge.b]], end, pair.back)[0];
      routes[number] = [[leave, start], out, ...passed, into, [enter, end]];
    });
  }

  /* Level from one side of a layer to the other: a bend there could run behind a wider table. */
  function across(layer, height, back) {
    const ends = [[layer.x, height], [layer.x + layer.w, height]];
    return back ? ends.reverse() : ends;
  }

  const middle = (edge) => edge.ay + edge.by;

  /* The `d` of a path through these points. */
  function curve(points) {
    let d = "M" + at(points[0]);
    for (let i = 1; i < points.length; i++) {
      const [x0, y0] = points[i - 1], [x1, y1] = points[i];
      if (x0 === x1 && y0 === y1) continue;
      if (y0 === y1) d += "H" + round(x1);
      else {
        const bend = (x1 - x0) / 2;
        d += "C" + at([x0 + bend, y0]) + " " + at([x1 - bend, y1]) + " " + at([x1, y1]);
      }
    }
    return d;
  }

  const round = (n) => Math.round(n * 10) / 10;
  const at = ([x, y]) => round(x) + "," + round(y);

  /* --- the rest */

  function columnsOf(boxes) {
    const columns = [];
    boxes.forEach((box, i) => (columns[box.layer] ||= []).push(i));
    for (let l = 0; l < columns.length; l++) columns[l] ||= [];
    return columns;
  }

  function boundsOf(boxes, x, count) {
    if (!count) return { x: 0, y: 0, w: 0, h: 0 };
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
    boxes.forEach((box, i) => {
      left = Math.min(left, x[i]);
      top = Math.min(top, box.y);
      right = Math.max(right, x[i] + box.w);
      bottom = Math.max(bottom, box.y + box.h);
    });
    return { x: left, y: top, w: right - left, h: bottom - top };
  }

  function mean(list, of) {
    return list.reduce((sum, item) => sum + of(item), 0) / list.length;
  }

  const lists = (count) => Array.from({ length: count }, () => []);

  globalThis.rayLayout = { layered, curve };
})();
