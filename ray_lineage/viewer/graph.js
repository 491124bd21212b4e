/* The graph as the page asks it: unpacked, searched, walked. Pure; knows no page.

   What is packed is described in packing.py. Tables and columns are numbers here; the columns of a table follow one another. */
(function () {
  "use strict";
  const MOST_REACHED = 50000;

  function open(data) {
    const t = data.t, c = data.c, f = data.f, i = data.i, e = data.e, s = data.s;
    const first = new Int32Array(t.n.length + 1);
    t.c.forEach((count, table) => (first[table + 1] = first[table] + count));
    const owner = new Int32Array(c.n.length);
    for (let table = 0; table < t.n.length; table++) owner.fill(table, first[table], first[table + 1]);
    const graph = {
      data, first, owner, tables: t.n.length, columns: c.n.length,
      feeds: { a: sums(e.a), ...ends(e) },
      statementFile: sums(s.f),
      tableFile: sums(t.f),
    };
    const fed = index(s.f.length, graph.feeds.s);
    graph.flows = { a: sources(graph, f, fed), ...ends(f) };
    graph.influences = { a: sources(graph, i, fed), ...ends(i) };
    graph.links = new Int32Array(graph.tables);
    for (let k = 0; k < graph.feeds.count; k++) {
      graph.links[graph.feeds.a[k]]++;
      graph.links[graph.feeds.b[k]]++;
    }
    graph.flowsFrom = index(graph.columns, graph.flows.a);
    graph.flowsTo = index(graph.columns, graph.flows.b);
    graph.feedsFrom = index(graph.tables, graph.feeds.a);
    graph.feedsTo = index(graph.tables, graph.feeds.b);
    graph.influencesFrom = index(graph.columns, graph.influences.a);
    graph.influencesTo = index(graph.tables, graph.influences.b);
    return Object.assign(graph, names(data), { near: new Map() });
  }

  const ends = (edges) => ({ b: sums(edges.b), s: sums(edges.s), count: edges.b.length });

  /* Source columns, each told by the feed of its statement that it is part of. */
  function sources(graph, edges, fed) {
    const out = new Int32Array(edges.k.length), statements = sums(edges.s);
    for (let k = 0; k < out.length; k++)
      out[k] = edges.k[k] < 0 ? edges.o[k] : graph.first[graph.feeds.a[fed(statements[k])[edges.k[k]]]] + edges.o[k];
    return out;
  }

  /* Numbers that are packed as their differences. */
  function sums(list) {
    const out = new Int32Array(list.length);
    let sum = 0;
    for (let k = 0; k < list.length; k++) out[k] = sum += list[k];
    return out;
  }

  /* Which items have a key: `items(key)` is a piece of one array. */
  function index(count, keys) {
    const start = new Int32Array(count + 1), all = new Int32Array(keys.length);
    for (let k = 0; k < keys.length; k++) start[keys[k] + 1]++;
    for (let k = 0; k < count; k++) start[k + 1] += start[k];
    const next = start.slice();
    for (let k = 0; k < keys.length; k++) all[next[keys[k]]++] = k;
    return (key) => all.subarray(start[key], start[key + 1]);
  }

  function names(data) {
    const schema = (table) => data.schemas[data.t.s[table]];
    const table = (number) => data.t.n[number];
    const full = (number) => (schema(number) ? schema(number) + "." : "") + table(number);
    const column = (number) => data.names[data.c.n[number]];
    const kinds = data.kinds.map((kind) => kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase());
    const kind = (number) => kinds[data.t.k[number]];
    return { kindName: kind, schemaName: schema, tableName: table, fullName: full, columnName: column };
  }

  /* --- walking tables */

  /* Tables next to one, by name: {up, down}, without itself. */
  function neighbours(graph, table) {
    let found = graph.near.get(table);
    if (found) return found;
    const up = new Set(), down = new Set(), flows = graph.flows, feeds = graph.feeds, owner = graph.owner;
    for (const k of graph.feedsTo(table)) up.add(feeds.a[k]);
    for (const k of graph.feedsFrom(table)) down.add(feeds.b[k]);
    for (let column = graph.first[table]; column < graph.first[table + 1]; column++) {
      for (const k of graph.flowsTo(column)) up.add(owner[flows.a[k]]);
      for (const k of graph.flowsFrom(column)) down.add(owner[flows.b[k]]);
    }
    up.delete(table);
    down.delete(table);
    found = { up: sorted(graph, up), down: sorted(graph, down) };
    graph.near.set(table, found);
    return found;
  }

  function sorted(graph, tables) {
    return [...tables].sort((a, b) => (graph.fullName(a) < graph.fullName(b) ? -1 : 1));
  }

  /* The nearest tables around one, itself first: alternately of both sides, at most so many. */
  function around(graph, focus, limit, wanted) {
    const seen = new Set([focus]);
    let rims = { up: [focus], down: [focus] };
    while (seen.size < limit && (rims.up.length || rims.down.length)) {
      const next = { up: step(graph, rims.up, "up", seen, wanted), down: step(graph, rims.down, "down", seen, wanted) };
      rims = { up: [], down: [] };
      for (let k = 0; k < Math.max(next.up.length, next.down.length); k++) {
        for (const side of ["up", "down"]) {
          const table = next[side][k];
          if (table === undefined || seen.has(table) || seen.size >= limit) continue;
          seen.add(table);
          rims[side].push(table);
        }
      }
    }
    return [...seen];
  }

  function step(graph, rim, side, seen, wanted) {
    const found = new Set();
    for (const table of rim)
      for (const next of neighbours(graph, table)[side]) if (!seen.has(next) && wanted(next)) found.add(next);
    return [...found].sort((a, b) => graph.links[b] - graph.links[a] || a - b);
  }

  /* All tables upstream ("up") or downstream of some, themselves not, the nearest first. */
  function reach(graph, starts, side, wanted) {
    const seen = new Set(starts), found = [];
    for (let rim = [...starts]; rim.length; ) {
      rim = step(graph, rim, side, seen, wanted);
      for (const table of rim) {
        seen.add(table);
        found.push(table);
      }
    }
    return found;
  }

  /* --- walking columns */

  /* What a column comes from and what it feeds: distances by column, `takes(flow)` says which flows count. */
  function paths(graph, column, takes) {
    return {
      up: walk(graph, column, graph.flowsTo, graph.flows.a, takes),
      down: walk(graph, column, graph.flowsFrom, graph.flows.b, takes),
    };
  }

  function walk(graph, start, flowsAt, far, takes) {
    const distance = new Map([[start, 0]]);
    for (const near of distance.keys()) {
      if (distance.size > MOST_REACHED) break;
      for (const flow of flowsAt(near)) {
        if (takes(flow) && !distance.has(far[flow])) distance.set(far[flow], distance.get(near) + 1);
      }
    }
    return distance;
  }

  function possible(graph, flow) {
    return graph.data.f.h[flow] % 2 === 1;
  }

  /* --- finding */

  /* Tables and columns whose names have all the words, the best first: {hits: [{table, column|-1}], more}. */
  function search(graph, text, limit) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return { hits: [], more: 0 };
    const lower = (graph.lower ||= lowered(graph));
    const found = [];
    for (let table = 0; table < graph.tables; table++) {
      const left = words.filter((word) => !lower.tables[table].includes(word));
      if (!left.length) found.push({ table, column: -1, rank: rank(words, lower.tables[table], graph.tableName(table)) });
      else columnHits(graph, lower, table, left, found);
    }
    found.sort((a, b) => a.rank - b.rank || a.table - b.table || a.column - b.column);
    return { hits: found.slice(0, limit), more: Math.max(0, found.length - limit) };
  }

  function columnHits(graph, lower, table, left, found) {
    const last = left[left.length - 1];
    for (let column = graph.first[table]; column < graph.first[table + 1]; column++) {
      const name = lower.names[graph.data.c.n[column]];
      if (!name.includes(last) || name.length < last.length) continue;
      const whole = lower.tables[table] + "." + name;
      if (left.every((word) => whole.includes(word)))
        found.push({ table, column, rank: (name === last ? 25 : name.startsWith(last) ? 35 : 50) + Math.min(name.length / 100, 1) });
    }
  }

  function rank(words, full, name) {
    const last = words[words.length - 1], own = name.toLowerCase();
    const fit = full === last || own === last ? 0 : own.startsWith(last) ? 10 : own.includes(last) ? 20 : 30;
    return fit + Math.min(full.length / 100, 5);
  }

  function lowered(graph) {
    const tables = [];
    for (let table = 0; table < graph.tables; table++) tables.push(graph.fullName(table).toLowerCase());
    return { tables, names: graph.data.names.map((name) => name.toLowerCase()) };
  }

  /* A table by its full name, or a column by its name in it, as it is written or else in any case; -1. */
  function tableNamed(graph, name) {
    const lower = (graph.lower ||= lowered(graph));
    graph.byName ||= new Map(Array.from({ length: graph.tables }, (_, table) => [graph.fullName(table), table]));
    graph.byLower ||= new Map(lower.tables.map((full, table) => [full, table]));
    return graph.byName.get(name) ?? graph.byLower.get(name.toLowerCase()) ?? -1;
  }

  function columnNamed(graph, table, name) {
    let alike = -1;
    for (let column = graph.first[table]; column < graph.first[table + 1]; column++) {
      if (graph.columnName(column) === name) return column;
      if (graph.columnName(column).toLowerCase() === name.toLowerCase()) alike = column;
    }
    return alike;
  }

  /* --- the whole, by schema */

  /* {tables, columns} of each schema, and how many pairs of tables feed one another between two: [{a, b, count}]. */
  function overview(graph) {
    const t = graph.data.t, pairs = new Map(), seen = new Set();
    const schemas = graph.data.schemas.map((name) => ({ name, tables: 0, columns: 0 }));
    for (let table = 0; table < graph.tables; table++) {
      schemas[t.s[table]].tables++;
      schemas[t.s[table]].columns += t.c[table];
    }
    for (let k = 0; k < graph.feeds.count; k++) {
      const pair = graph.feeds.a[k] * graph.tables + graph.feeds.b[k];
      const key = t.s[graph.feeds.a[k]] * schemas.length + t.s[graph.feeds.b[k]];
      if (seen.has(pair)) continue;
      seen.add(pair);
      pairs.set(key, (pairs.get(key) || 0) + 1);
    }
    const edges = [...pairs].map(([key, count]) => ({ a: Math.floor(key / schemas.length), b: key % schemas.length, count }));
    return { schemas, edges };
  }

  /* Tables by how many others they are linked with, most first. */
  function busiest(graph, limit) {
    const all = Array.from({ length: graph.tables }, (_, table) => table).filter((table) => graph.links[table]);
    const likely = all.sort((a, b) => graph.links[b] - graph.links[a] || a - b).slice(0, limit * 8);
    const others = (table) => neighbours(graph, table).up.length + neighbours(graph, table).down.length;
    return likely.sort((a, b) => others(b) - others(a) || a - b).slice(0, limit);
  }

  globalThis.rayGraph = {
    open, neighbours, around, reach, paths, possible, search, tableNamed, columnNamed, overview, busiest,
  };
})();
