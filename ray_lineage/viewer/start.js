/* The first sight: what there is, by schema, and where to begin; and the tables of one schema. */
(function () {
  "use strict";
  const { h } = rayStage, { counted } = rayPanel;
  const SVG = "http://www.w3.org/2000/svg";
  const SCHEMAS = 24, LISTED = 1000, BEGINNINGS = 12;

  function overview(graph, act) {
    const { data } = graph, found = rayGraph.overview(graph);
    return h("div", { class: "page" },
      h("h1", {}, data.title),
      h("p", { class: "sum" }, [counted(graph.tables, "table"), counted(graph.columns, "column"), `${counted(graph.flows.count, "edge")} between columns`, counted(data.files.length, "file")].join("  \u00b7  ")),
      h("h2", {}, "Schemas"),
      found.schemas.length > 1 ? schemaPicture(found, act) : null,
      schemaList(found, act),
      h("div", { class: "columns" },
        beginnings(graph, "Most connected", rayGraph.busiest(graph, BEGINNINGS), act),
        beginnings(graph, "Ends: they feed nothing", ends(graph, "up", "down"), act),
        beginnings(graph, "Sources: nothing feeds them", ends(graph, "down", "up"), act)));
  }

  function ends(graph, has, hasNot) {
    const side = { up: graph.feedsTo, down: graph.feedsFrom }, other = (table) => side[has](table).length;
    const tables = [];
    for (let table = 0; table < graph.tables; table++) if (other(table) && !side[hasNot](table).length) tables.push(table);
    return tables.sort((a, b) => other(b) - other(a) || a - b).slice(0, BEGINNINGS);
  }

  function beginnings(graph, title, tables, act) {
    if (!tables.length) return null;
    return h("section", {}, h("h2", {}, title), h("ul", { class: "list" }, tables.map((table) => tableItem(graph, table, act))));
  }

  function tableItem(graph, table, act) {
    const into = graph.feedsTo(table).length, from = graph.feedsFrom(table).length;
    return h("li", {}, h("button", { class: "link", onclick: () => act.go(table, -1) }, h("span", { class: "of" }, graph.schemaName(table) ? graph.schemaName(table) + "." : ""), graph.tableName(table)),
      h("span", { class: "type", title: "edges in, edges out" }, `${into} in, ${from} out`));
  }

  /* Which schemas feed which: the same layout, one box a schema. */
  function schemaPicture(found, act) {
    const largest = found.schemas.map((s, number) => ({ ...s, number })).sort((a, b) => b.tables - a.tables || a.number - b.number).slice(0, SCHEMAS);
    const at = new Map(largest.map((s, k) => [s.number, k])), w = 190, height = 62;
    const edges = found.edges.filter((e) => e.a !== e.b && at.has(e.a) && at.has(e.b)).map((e) => ({ a: at.get(e.a), b: at.get(e.b), ay: height / 2, by: height / 2, count: e.count }));
    if (!edges.length) return null;
    const joined = new Set(edges.flatMap((e) => [e.a, e.b]));
    const shown = largest.map((s, k) => ({ ...s, k })).filter((s) => joined.has(s.k)), place = new Map(shown.map((s, k) => [s.k, k]));
    for (const edge of edges) [edge.a, edge.b] = [place.get(edge.a), place.get(edge.b)];
    const layout = rayLayout.layered({ nodes: shown.map(() => ({ w, h: height })), edges, focus: 0 }), { box } = layout;
    const lines = document.createElementNS(SVG, "svg");
    lines.setAttribute("viewBox", `${box.x - 8} ${box.y - 8} ${box.w + 16} ${box.h + 16}`);
    lines.setAttribute("aria-hidden", "true");
    edges.forEach((edge, k) => {
      const path = document.createElementNS(SVG, "path"), back = layout.layer[edge.a] > layout.layer[edge.b];
      path.setAttribute("d", rayLayout.curve(layout.routes[k]));
      path.setAttribute("class", back ? "back" : "");
      path.style.strokeWidth = Math.min(1.5 + Math.log2(edge.count), 9);
      lines.append(path);
    });
    lines.style.width = box.w + 16 + "px";
    lines.style.height = box.h + 16 + "px";
    const boxes = shown.map((s, k) => {
      const element = h("button", { class: `schemabox s${s.number % 8}`, onclick: () => act.schema(s.number), "aria-label": `${s.name || "(no schema)"}: ${counted(s.tables, "table")}` },
        h("b", {}, s.name || "(no schema)"), h("span", {}, `${counted(s.tables, "table")}, ${counted(s.columns, "column")}`));
      element.style.transform = `translate(${layout.x[k] - box.x + 8}px,${layout.y[k] - box.y + 8}px)`;
      return element;
    });
    return h("div", { class: "schemas" }, h("div", { class: "schemaworld" }, lines, boxes));
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
