/* The first sight: what there is, by schema, and where to begin; and the tables of one schema. */
(function () {
  "use strict";
  const { h } = rayStage, { counted } = rayPanel;
  const SVG = "http://www.w3.org/2000/svg";
  const SCHEMAS = 24, LISTED = 1000, BEGINNINGS = 12, BOX = 190, WIDEST = 1400, MARGINS = 92;

  function overview(graph, act) {
    const { data } = graph, found = rayGraph.overview(graph);
    return h("div", { class: "page" },
      h("h1", {}, data.title),
      h("p", { class: "sum" }, [counted(graph.tables, "table"), counted(graph.columns, "column"), `${counted(graph.flows.count, "edge")} between columns`, counted(data.sources, "file")].join("  \u00b7  ")),
      h("h2", {}, "Schemas"),
      found.schemas.length > 1 ? schemaPicture(found, act) : null,
      schemaList(found, act),
      h("div", { class: "columns" },
        beginnings(graph, "Most connected", rayGraph.busiest(graph, BEGINNINGS), act),
        beginnings(graph, "Ends: they feed nothing", ends(graph, "down"), act),
        beginnings(graph, "Sources: nothing feeds them", ends(graph, "up"), act)));
  }

  /* Tables with edges on one side alone, those with most first. */
  function ends(graph, hasNot) {
    const side = { up: graph.feedsTo, down: graph.feedsFrom }, tables = [];
    for (let table = 0; table < graph.tables; table++) if (graph.links[table] && !side[hasNot](table).length) tables.push(table);
    return tables.sort((a, b) => graph.links[b] - graph.links[a] || a - b).slice(0, BEGINNINGS);
  }

  function beginnings(graph, title, tables, act) {
    if (!tables.length) return null;
    return h("section", {}, h("h2", {}, title), h("ul", { class: "list" }, tables.map((table) => tableItem(graph, table, act))));
  }

  function tableItem(graph, table, act) {
    const near = rayGraph.neighbours(graph, table);
    return h("li", {}, h("button", { class: "link", onclick: () => act.go(table, -1) }, h("span", { class: "of" }, graph.schemaName(table) ? graph.schemaName(table) + "." : ""), graph.tableName(table)),
      h("span", { class: "type", title: "tables that it comes from, tables that it feeds" }, `${near.up.length} in, ${near.down.length} out`));
  }

  /* Which schemas feed which: the same layout, one box a schema. */
  function schemaPicture(found, act) {
    const sizes = found.schemas.map((s, number) => ({ ...s, number })).sort((a, b) => b.tables - a.tables || a.number - b.number);
    const kept = new Set(sizes.slice(0, SCHEMAS).map((s) => s.number));
    const links = found.edges.filter((e) => e.a !== e.b && kept.has(e.a) && kept.has(e.b));
    if (!links.length) return null;
    const joined = new Set(links.flatMap((e) => [e.a, e.b])), shown = sizes.filter((s) => joined.has(s.number));
    const place = new Map(shown.map((s, k) => [s.number, k])), boxes = shown.map((s) => schemaBox(s, act));
    const measure = h("div", { class: "schemas measure" }, boxes);
    document.body.append(measure);
    const nodes = boxes.map((box) => ({ w: BOX, h: box.offsetHeight }));
    measure.remove();
    const middle = (s) => nodes[place.get(s)].h / 2;
    const edges = links.map((e) => ({ a: place.get(e.a), b: place.get(e.b), ay: middle(e.a), by: middle(e.b) }));
    const layout = rayLayout.layered({ nodes, edges, focus: 0, narrow: true }), { box } = layout, room = (Math.min(innerWidth, WIDEST) - MARGINS) / (box.w + 16), scale = Math.max(0.5, Math.min(1, room));
    const lines = document.createElementNS(SVG, "svg");
    lines.setAttribute("viewBox", `${box.x - 8} ${box.y - 8} ${box.w + 16} ${box.h + 16}`);
    lines.setAttribute("aria-hidden", "true");
    links.forEach((link, k) => lines.append(schemaLine(layout, k, edges[k], link.count)));
    lines.style.width = box.w + 16 + "px";
    lines.style.height = box.h + 16 + "px";
    boxes.forEach((b, k) => (b.style.transform = `translate(${layout.x[k] - box.x + 8}px,${layout.y[k] - box.y + 8}px)`));
    const world = h("div", { class: "schemaworld" }, lines, boxes);
    world.style.width = lines.style.width;
    world.style.transform = `scale(${scale})`;
    const outer = h("div", { class: "schemafit" }, world);
    outer.style.width = (box.w + 16) * scale + "px";
    outer.style.height = (box.h + 16) * scale + "px";
    return h("div", { class: "schemas" }, outer);
  }

  function schemaBox(s, act) {
    const name = s.name || "(no schema)";
    return h("button", { class: `schemabox s${s.number % 8}`, onclick: () => act.schema(s.number), "aria-label": `${name}: ${counted(s.tables, "table")}` },
      h("b", {}, name), h("span", {}, `${counted(s.tables, "table")}, ${counted(s.columns, "column")}`));
  }

  function schemaLine(layout, k, edge, count) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", rayLayout.curve(layout.routes[k]));
    path.setAttribute("class", layout.layer[edge.a] > layout.layer[edge.b] ? "back" : "");
    path.style.strokeWidth = Math.min(1.5 + Math.log2(count), 9);
    return path;
  }

  function schemaList(found, act) {
    const sorted = found.schemas.map((s, number) => ({ ...s, number })).sort((a, b) => b.tables - a.tables || a.number - b.number);
    return h("ul", { class: "chips" }, sorted.map((s) => h("li", {}, h("button", { class: `chip s${s.number % 8}`, onclick: () => act.schema(s.number) }, s.name || "(no schema)", h("span", { class: "count" }, s.tables.toLocaleString("en"))))));
  }

  function schema(graph, number, act) {
    const tables = [];
    for (let table = 0; table < graph.tables; table++) if (graph.data.t.s[table] === number) tables.push(table);
    const more = tables.length - LISTED;
    return h("div", { class: "page" },
      h("p", {}, h("button", { class: "link", onclick: () => act.home() }, "\u2190 all schemas")),
      h("h1", {}, graph.data.schemas[number] || "(no schema)"),
      h("p", { class: "sum" }, counted(tables.length, "table")),
      h("ul", { class: "list wide" }, tables.slice(0, LISTED).map((table) => tableItem(graph, table, act))),
      more > 0 && h("p", { class: "note" }, `and ${more.toLocaleString("en")} more: search for them`));
  }

  globalThis.rayStart = { overview, schema };
})();
