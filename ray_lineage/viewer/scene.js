/* What is drawn of the graph: boxes with their lines of text, ports, and edges between them. Pure but for `measure`, which says
   how wide a text is.

   A scene: {boxes: [{table, w, h, schema: [..], name: [..], rows: [{column, lines, top, h}], folded, foldTop, up, down, self}],
   edges: [{a, b, ay, by, from, to, flows, influences, feeds, possible}], layout, lit, columns} */
(function () {
  "use strict";
  const { neighbours, paths, possible } = rayGraph;
  const FOLD_ABOVE = 60, ROWS = 12, FOCUS_ROWS = 24;
  const LINE = 18, SCHEMA_LINE = 14, ROW_LINE = 16, ROW_PAD = 5, HEAD_PAD = 8, NARROW = 150, WIDE = 300;

  /* `view`: {tables: Set, focus, open: Set, selected: column or -1, influences, certain, hidden: Set of schemas}. */
  function scene(graph, view, measure, before) {
    const takes = (flow) => !view.certain || !possible(graph, flow);
    const lit = view.selected >= 0 ? paths(graph, view.selected, takes) : null;
    const tables = [...view.tables].filter((table) => !view.hidden.has(graph.data.t.s[table]));
    const there = new Set(tables);
    const drawn = edgesBetween(graph, view, tables, there, takes);
    const rows = shownColumns(graph, view, tables, drawn, lit);
    const boxes = tables.map((table) => box(graph, view, table, rows.get(table), there, drawn, measure, before));
    const at = new Map(boxes.map((b, k) => [b.table, k]));
    const edges = joined(graph, drawn, boxes, at);
    const layout = rayLayout.layered({
      nodes: boxes.map((b) => ({ w: b.w, h: b.h, y: b.y })), edges, focus: at.get(view.focus) ?? 0,
    });
    return { boxes, edges, layout, lit, at };
  }

  /* --- which edges */

  function edgesBetween(graph, view, tables, there, takes) {
    const { flows, influences, feeds, owner } = graph;
    const found = { flows: [], influences: [], feeds: [], self: new Set(), joined: new Set() };
    for (const table of tables) {
      for (let column = graph.first[table]; column < graph.first[table + 1]; column++) {
        for (const flow of graph.flowsTo(column)) {
          const source = owner[flows.a[flow]];
          if (!there.has(source) || !takes(flow)) continue;
          if (source === table) found.self.add(table);
          else {
            found.flows.push(flow);
            found.joined.add(source * graph.tables + table);
          }
        }
      }
      for (const feed of graph.feedsTo(table)) if (feeds.a[feed] === table) found.self.add(table);
      if (view.influences)
        for (const k of graph.influencesTo(table)) {
          const source = owner[influences.a[k]];
          if (there.has(source) && source !== table) found.influences.push(k);
        }
    }
    for (const table of tables)
      for (const feed of graph.feedsTo(table)) {
        const source = feeds.a[feed];
        if (source !== table && there.has(source) && !found.joined.has(source * graph.tables + table)) found.feeds.push(feed);
      }
    return found;
  }

  /* --- which columns: those with an edge in view, the lit ones first where there is not room for all */

  function shownColumns(graph, view, tables, drawn, lit) {
    const active = new Map(tables.map((table) => [table, new Set()]));
    const add = (column) => active.get(graph.owner[column])?.add(column);
    for (const flow of drawn.flows) {
      add(graph.flows.a[flow]);
      add(graph.flows.b[flow]);
    }
    for (const k of drawn.influences) add(graph.influences.a[k]);
    const isLit = (column) => lit && (lit.up.has(column) || lit.down.has(column));
    const room = (table) => (tables.length > FOLD_ABOVE ? 0 : table === view.focus ? FOCUS_ROWS : ROWS);
    const shown = new Map();
    for (const table of tables) {
      const all = [];
      for (let column = graph.first[table]; column < graph.first[table + 1]; column++)
        if (view.open.has(table) || active.get(table).has(column) || isLit(column)) all.push(column);
      shown.set(table, view.open.has(table) ? all : kept(all, room(table), isLit));
    }
    return shown;
  }

  function kept(columns, room, isLit) {
    if (columns.length <= room + 1) return columns.length <= room || room > 0 ? columns : columns.filter(isLit);
    const lit = columns.filter(isLit);
    const others = new Set(columns.filter((column) => !isLit(column)).slice(0, Math.max(0, room - lit.length)));
    return columns.filter((column) => isLit(column) || others.has(column));
  }

  /* --- boxes: texts are wrapped, never cut */

  function box(graph, view, table, columns, there, drawn, measure, before) {
    const schema = graph.schemaName(table), name = graph.tableName(table);
    const kind = graph.kindName(table);
    const caption = [schema, kind === "table" ? "" : kind].filter(Boolean).join(" \u00b7 ");
    const texts = columns.map((column) => graph.columnName(column));
    const widest = Math.max(measure(name, "name"), measure(caption, "schema"), ...texts.map((t) => measure(t, "row") + 6));
    const w = Math.min(WIDE, Math.max(NARROW, Math.ceil(widest) + 28)), inner = w - 24;
    const made = { table, w, caption: wrap(caption, inner, "schema", measure), name: wrap(name, inner, "name", measure), rows: [] };
    let top = HEAD_PAD * 2 + made.caption.length * SCHEMA_LINE + made.name.length * LINE;
    made.headHeight = top;
    columns.forEach((column, k) => {
      const lines = wrap(texts[k], inner, "row", measure), h = lines.length * ROW_LINE + ROW_PAD;
      made.rows.push({ column, lines, top, h });
      top += h;
    });
    made.rest = graph.data.t.c[table] - columns.length;
    made.foldTop = made.rest || view.open.has(table) ? top : -1;
    if (made.foldTop >= 0) top += ROW_LINE + ROW_PAD;
    made.h = top + 4;
    made.y = before?.get(table)?.y;
    const near = neighbours(graph, table);
    made.up = near.up.filter((t) => !there.has(t)).length;
    made.down = near.down.filter((t) => !there.has(t)).length;
    made.self = drawn.self.has(table);
    return made;
  }

  /* Lines no wider than that; broken after `_`, `.` and the like where there are such. */
  function wrap(text, width, font, measure) {
    if (measure(text, font) <= width) return text ? [text] : [];
    const lines = [];
    let line = "";
    for (const part of text.split(/(?<=[_.$\-\s/:])|(?<=[a-z0-9])(?=[A-Z])/)) {
      if (measure(line + part, font) <= width) line += part;
      else {
        if (line) lines.push(line);
        line = pieces(part, width, font, measure, lines);
      }
    }
    return line ? [...lines, line] : lines;
  }

  function pieces(part, width, font, measure, lines) {
    let line = "";
    for (const character of part) {
      if (line && measure(line + character, font) > width) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
    return line;
  }

  /* --- edges: those between the same two ports are one */

  function joined(graph, drawn, boxes, at) {
    const edges = new Map(), ports = boxes.map((b) => new Map(b.rows.map((row) => [row.column, row.top + row.h / 2])));
    const rest = boxes.map((b) => (b.foldTop >= 0 ? b.foldTop + (ROW_LINE + ROW_PAD) / 2 : b.headHeight / 2));
    const add = (kind, number, a, from, b, to) => {
      const key = (kind === "influences") + " " + a + " " + from + " " + b + " " + to;
      let edge = edges.get(key);
      if (!edge) {
        const ay = ports[a].get(from) ?? (from >= 0 ? rest[a] : boxes[a].headHeight / 2);
        const by = ports[b].get(to) ?? (to >= 0 ? rest[b] : boxes[b].headHeight / 2);
        edges.set(key, (edge = { a, b, ay, by, from, to, flows: [], influences: [], feeds: [], possible: true }));
      }
      edge[kind].push(number);
      return edge;
    };
    const port = (box, column) => (ports[box].has(column) ? column : FOLDED);
    for (const flow of drawn.flows) {
      const source = graph.flows.a[flow], target = graph.flows.b[flow];
      const a = at.get(graph.owner[source]), b = at.get(graph.owner[target]);
      const edge = add("flows", flow, a, port(a, source), b, port(b, target));
      edge.possible &&= possible(graph, flow);
    }
    for (const k of drawn.influences) {
      const source = graph.influences.a[k], a = at.get(graph.owner[source]);
      add("influences", k, a, port(a, source), at.get(graph.influences.b[k]), HEAD).possible = false;
    }
    for (const k of drawn.feeds)
      add("feeds", k, at.get(graph.feeds.a[k]), HEAD, at.get(graph.feeds.b[k]), HEAD).possible = false;
    return [...edges.values()];
  }

  const HEAD = -1, FOLDED = 1e9;

  /* Which side of the selected column an edge is on: "up", "down" or "". */
  function side(graph, edge, lit) {
    if (!lit) return "";
    if (edge.flows.some((flow) => lit.up.has(graph.flows.b[flow]))) return "up";
    return edge.flows.some((flow) => lit.down.has(graph.flows.a[flow])) ? "down" : "";
  }

  globalThis.rayScene = { scene, wrap, side, FOLD_ABOVE, ROW_HEIGHT: ROW_LINE + ROW_PAD };
})();
