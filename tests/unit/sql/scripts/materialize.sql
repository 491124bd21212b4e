-- case: sources and materialized views [materialize]
CREATE SOURCE src FROM KAFKA CONNECTION k (TOPIC 'orders') FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION c ENVELOPE DEBEZIUM;
CREATE MATERIALIZED VIEW mv IN CLUSTER c1 AS SELECT k, SUM(v) AS s FROM src GROUP BY k;
CREATE INDEX i IN CLUSTER c1 ON mv (k);
CREATE SINK sk FROM mv INTO KAFKA CONNECTION k (TOPIC 'out') KEY (k) FORMAT JSON ENVELOPE UPSERT;
-- pairs: external.kafka:orders.* > src.* i, src.k > mv.k i, src.v > mv.s a, mv.k > external.kafka:out.k i, mv.s > external.kafka:out.s i
-- case: subscribe and views [materialize]
CREATE VIEW v AS SELECT a, b FROM t;
SUBSCRIBE (SELECT a FROM v);
-- pairs: t.a > v.a i, t.b > v.b i
-- case: sources and sinks [risingwave]
CREATE SOURCE src (k INT, v DOUBLE, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (connector = 'kafka', topic = 'orders', properties.bootstrap.server = 'b:9092') FORMAT PLAIN ENCODE JSON;
CREATE MATERIALIZED VIEW mv AS SELECT window_start, k, SUM(v) AS s FROM TUMBLE(src, ts, INTERVAL '1' MINUTE) GROUP BY window_start, k;
CREATE SINK sk AS SELECT k, s FROM mv WITH (connector = 'kafka', topic = 'out') FORMAT PLAIN ENCODE JSON;
CREATE SINK sk2 FROM mv WITH (connector = 'jdbc', table.name = 'x');
-- pairs: external.kafka:orders.* > src.* i, src.k > mv.k i, src.v > mv.s a, mv.k > external.kafka:out.k i, mv.s > external.kafka:out.s i, mv.window_start > sk2.window_start i, mv.k > sk2.k i, mv.s > sk2.s i
-- case: sink into a table [risingwave]
CREATE TABLE o (x INT, y INT);
CREATE SINK sk INTO o AS SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
