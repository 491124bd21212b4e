/* Properties of layout.js, scene.js and graph.js over random graphs. Run with the files already loaded; returns what is wrong. */
function checkLayout(seed, rounds) {
  "use strict";
  let state = seed;
  const random = (limit) => (state = (state * 1103515245 + 12345) % 2147483648) % limit;
  const wrong = [];
  const expect = (right, what) => right || wrong.length > 20 || wrong.push(what);

  function picture() {
    const count = 1 + random(30);
    const nodes = Array.from({ length: count }, () => ({ w: 150 + random(150), h: 40 + random(300) }));
    const edges = Array.from({ length: random(80) }, () => {
      const a = random(count), b = random(count);
      return { a, b, ay: random(nodes[a].h), by: random(nodes[b].h) };
    });
    return { nodes, edges, focus: random(count) };
  }

  for (let round = 0; round < rounds; round++) {
    const given = picture(), text = JSON.stringify(given), found = rayLayout.layered(given);
    expect(JSON.stringify(rayLayout.layered(JSON.parse(text))) === JSON.stringify(found), `${round}: not the same twice`);
    expect([...found.x, ...found.y].every(Number.isFinite), `${round}: a place that is no number`);
    apart(given, found, round);
    given.edges.forEach((edge, k) => routed(given, found, edge, found.routes[k], round));
  }
  back();
  return wrong;

  function apart({ nodes }, { x, y }, round) {
    for (let a = 0; a < nodes.length; a++)
      for (let b = a + 1; b < nodes.length; b++) {
        const beside = x[a] + nodes[a].w <= x[b] || x[b] + nodes[b].w <= x[a];
        expect(beside || y[a] + nodes[a].h <= y[b] || y[b] + nodes[b].h <= y[a], `${round}: tables ${a} and ${b} overlap`);
      }
  }

  function routed(given, { x, y, layer }, edge, route, round) {
    if (edge.a === edge.b) return expect(route === null, `${round}: a table's edge to itself is drawn`);
    const forward = layer[edge.a] < layer[edge.b], first = route[0], last = route[route.length - 1];
    expect(layer[edge.a] !== layer[edge.b], `${round}: an edge within a layer`);
    expect(first[1] === y[edge.a] + edge.ay && last[1] === y[edge.b] + edge.by, `${round}: not from port to port`);
    expect(first[0] === x[edge.a] + (forward ? given.nodes[edge.a].w : 0), `${round}: it leaves on the wrong side`);
    for (let k = 1; k < route.length; k++) {
      const [x0, y0] = route[k - 1], [x1, y1] = route[k];
      expect(forward ? x1 >= x0 : x1 <= x0, `${round}: it turns back`);
      given.nodes.forEach((node, n) => behind([x0, y0], [x1, y1], node, n, edge, x, y, round));
    }
  }

  /* Lines run beside tables, not behind them. */
  function behind([x0, y0], [x1, y1], node, n, edge, x, y, round) {
    if (n === edge.a || n === edge.b) return;
    const left = Math.min(x0, x1), right = Math.max(x0, x1), top = Math.min(y0, y1), bottom = Math.max(y0, y1);
    const crosses = left < x[n] + node.w && right > x[n] && top < y[n] + node.h && bottom > y[n];
    expect(!crosses, `${round}: an edge runs behind table ${n}`);
  }

  /* a feeds b feeds c feeds a: of a circle one edge goes back, and the focus stands first. */
  function back() {
    const nodes = [0, 1, 2].map(() => ({ w: 100, h: 40 }));
    const edges = [[0, 1], [1, 2], [2, 0]].map(([a, b]) => ({ a, b, ay: 5, by: 5 }));
    const { layer } = rayLayout.layered({ nodes, edges, focus: 1 });
    expect(String(layer) === "2,0,1", `a circle seen from its second: ${layer}`);
  }
}

/* A text in lines: nothing lost, nothing wider than asked where a character fits. */
function checkWrap() {
  "use strict";
  const wrong = [], measure = (text) => text.length * 7;
  for (const text of ["", "a", "customer_purchase_order_number", "getRandomCustomer", "x".repeat(200), "a b-c.d/e", "<img src=x>"]) {
    for (const width of [7, 20, 70, 140]) {
      const lines = rayScene.wrap(text, width, "row", measure);
      if (lines.join("") !== text) wrong.push(`lost of ${text}: ${lines}`);
      if (lines.some((line) => measure(line) > width)) wrong.push(`too wide of ${text}: ${lines}`);
    }
  }
  return wrong;
}
