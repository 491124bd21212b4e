-- case: on duplicate key update with values
INSERT INTO o (k, n) SELECT id, a FROM t ON DUPLICATE KEY UPDATE n = n + VALUES(n), m = VALUES(k);
-- pairs: t.id > o.k i, t.a > o.n t, o.n > o.n t, t.id > o.m i
-- case: an assignment in a select gives the new value, not the old one
SET @a = (SELECT q FROM z);
CREATE TABLE k AS SELECT @a := c AS e FROM u;
-- pairs: u.c > k.e t
-- case: on duplicate key update with a row alias
INSERT INTO o (k, n) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE n = new.n + o.n;
-- pairs: o.n > o.n t
-- case: on duplicate key update from the query's columns
INSERT INTO o (k, n) SELECT id, a FROM t ON DUPLICATE KEY UPDATE n = t.b;
-- pairs: t.id > o.k i, t.a > o.n i, t.b > o.n i
-- case: insert set
INSERT INTO o SET x = 1, y = (SELECT MAX(a) FROM t);
-- pairs: t.a > o.y a
-- case: replace
REPLACE INTO o (x, y) SELECT a, b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: insert ignore and delayed and partition
INSERT IGNORE INTO o (x) SELECT a FROM t;
INSERT LOW_PRIORITY IGNORE o (y) SELECT b FROM t;
-- pairs: t.a > o.x i, t.b > o.y i
-- case: multi-table update
UPDATE o, t SET o.x = t.a, o.y = t.b WHERE o.id = t.id;
-- pairs: t.a > o.x i, t.b > o.y i
-- influences: o.id > o filter, t.id > o filter
-- case: multi-table update of two tables
UPDATE o JOIN p ON p.id = o.id SET o.x = p.x, p.y = o.y;
-- pairs: p.x > o.x i, o.y > p.y i
-- case: update join with a derived table
UPDATE o z INNER JOIN (SELECT id, SUM(a) AS s FROM t GROUP BY id) q ON q.id = z.id SET z.x = q.s, z.y = z.y + 1 WHERE z.k > 0;
-- pairs: t.a > o.x a, o.y > o.y t
-- case: multi-table delete
DELETE o FROM o JOIN t ON t.id = o.id WHERE t.a > 1;
DELETE FROM o USING o INNER JOIN t ON o.id = t.id;
-- pairs:
-- writes: o
-- case: mysqldump
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `o`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `o` (
  `x` int(11) NOT NULL AUTO_INCREMENT,
  `y` varchar(50) COLLATE utf8_bin DEFAULT 'it\'s; "q"' COMMENT 'a; b',
  `z` enum('a','b') DEFAULT NULL,
  PRIMARY KEY (`x`),
  KEY `k` (`y`(10)),
  UNIQUE KEY `u` (`z`) USING BTREE,
  CONSTRAINT `fk` FOREIGN KEY (`x`) REFERENCES `t` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4;
LOCK TABLES `o` WRITE;
/*!40000 ALTER TABLE `o` DISABLE KEYS */;
INSERT INTO `o` VALUES (1,'it\'s',NULL),(2,'b\\','a');
UNLOCK TABLES;
/*!50001 CREATE VIEW `v` AS SELECT 1 AS `x`, 1 AS `y` */;
/*!50001 DROP VIEW IF EXISTS `v`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `o`.`x` AS `x`,`o`.`y` AS `y` from `o` */;
-- pairs: o.x > v.x i, o.y > v.y i
-- case: trigger of a dump
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER `tr` BEFORE UPDATE ON `t` FOR EACH ROW BEGIN
  IF NEW.a <> OLD.a THEN
    INSERT INTO l (x, y) VALUES (OLD.a, NEW.a);
  END IF;
  SET NEW.b = NEW.a + 1;
END */;;
DELIMITER ;
-- pairs: t.a > l.x i, t.a > l.y i, t.a > t.b t
-- case: trigger with one statement
CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW INSERT INTO l (x) VALUES (NEW.a);
-- pairs: t.a > l.x i
-- case: procedure with handlers and a cursor
DELIMITER $$
CREATE DEFINER=`root`@`localhost` PROCEDURE `load_o`(IN p_id INT, OUT p_n INT)
    READS SQL DATA
    COMMENT 'loads; it'
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE v_a, v_b INT;
  DECLARE cur CURSOR FOR SELECT a, b FROM t WHERE id = p_id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; INSERT INTO err (m) VALUES ('x'); END;
  OPEN cur;
  read_loop: LOOP
    FETCH cur INTO v_a, v_b;
    IF done THEN LEAVE read_loop; END IF;
    INSERT INTO o (x, y) VALUES (v_a, v_b);
  END LOOP;
  CLOSE cur;
  SELECT COUNT(*), MAX(a) INTO p_n, @m FROM t;
  UPDATE z SET w = @m;
  REPEAT SET v_a = v_a - 1; UNTIL v_a < 0 END REPEAT;
  WHILE v_b > 0 DO SET v_b = v_b - 1; END WHILE;
  CASE v_a WHEN 1 THEN INSERT INTO o (x) SELECT b FROM t; ELSE BEGIN END; END CASE;
END$$
DELIMITER ;
INSERT INTO q (x) SELECT a FROM t;
-- pairs: t.a > o.x i, t.b > o.y i, t.a > z.w a, t.b > o.x i, t.a > q.x i
-- case: session variables
SET @m := (SELECT MAX(a) FROM t);
SELECT @n := b FROM t LIMIT 1;
INSERT INTO o (x, y) VALUES (@m, @n);
-- pairs: t.a > o.x a, t.b > o.y i, t.b > _col0 t
-- case: prepared statement from a variable
SET @s = CONCAT('INSERT INTO o (x) ', 'SELECT a FROM t');
PREPARE stmt FROM @s;
EXECUTE stmt;
DEALLOCATE PREPARE stmt;
-- pairs: t.a > o.x i
-- case: group_concat and if
INSERT INTO o (x, y, z) SELECT GROUP_CONCAT(DISTINCT a ORDER BY b SEPARATOR ';'), IF(a > 1, b, id), IFNULL(a, b) FROM t;
-- pairs: t.a > o.x a, t.b > o.x w, t.a > o.y c, t.b > o.y t, t.id > o.y t, t.a > o.z t, t.b > o.z t
-- case: straight_join, index hints, force
INSERT INTO o (x) SELECT STRAIGHT_JOIN SQL_CALC_FOUND_ROWS t.a FROM t FORCE INDEX (i) STRAIGHT_JOIN u USE INDEX (j) ON t.id = u.id;
-- pairs: t.a > o.x i
-- case: json table
INSERT INTO o (x) SELECT j.p FROM t, JSON_TABLE(t.a, '$[*]' COLUMNS (p INT PATH '$.p')) AS j;
-- pairs: t.a > o.x t
-- case: json arrows
INSERT INTO o (x, y) SELECT a -> '$.k', b ->> '$.n' FROM t;
-- pairs: t.a > o.x t, t.b > o.y t
-- case: load data infile
LOAD DATA LOCAL INFILE '/tmp/f.csv' INTO TABLE o FIELDS TERMINATED BY ',' ENCLOSED BY '"' LINES TERMINATED BY '\n' IGNORE 1 LINES (x, @v) SET y = UPPER(@v);
-- pairs: external."/tmp/f.csv".* > o.x i?, external."/tmp/f.csv".* > o.y t?
-- case: load data without columns
LOAD DATA INFILE 'f.csv' REPLACE INTO TABLE o;
-- pairs: external."f.csv".* > o.* i
-- case: select into outfile
SELECT a, b INTO OUTFILE '/tmp/o.csv' FIELDS TERMINATED BY ',' FROM t WHERE id > 1;
-- pairs: t.a > external."/tmp/o.csv".a i, t.b > external."/tmp/o.csv".b i
-- case: create table select and like
CREATE TABLE o (x INT, KEY (x)) ENGINE=InnoDB SELECT a AS x, b FROM t;
CREATE TABLE p LIKE t;
CREATE TABLE q AS TABLE t;
-- pairs: t.a > o.x i, t.b > o.b i, t.id > q.id i, t.a > q.a i, t.b > q.b i
-- case: view with algorithm and check option
CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`u`@`%` SQL SECURITY INVOKER VIEW v (x) AS SELECT a FROM t WITH CASCADED CHECK OPTION;
ALTER VIEW w AS SELECT b FROM t;
-- pairs: t.a > v.x i, t.b > w.b i
-- case: rename swap and exchange partition
RENAME TABLE o TO o_old, o_new TO o;
ALTER TABLE p EXCHANGE PARTITION p1 WITH TABLE p2;
ALTER TABLE a RENAME b;
-- pairs: o.* > o_old.* i, o_new.* > o.* i, p.* > p2.* i, p2.* > p.* i, a.* > b.* i
-- case: event
DELIMITER //
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01' DO BEGIN INSERT INTO o (x) SELECT a FROM t; END //
DELIMITER ;
CREATE EVENT ev2 ON SCHEDULE EVERY 1 HOUR DO INSERT INTO p (x) SELECT a FROM t;
-- pairs: t.a > o.x i, t.a > p.x i
-- case: function returning a query
DELIMITER $$
CREATE FUNCTION f(n INT) RETURNS INT DETERMINISTIC
BEGIN
  DECLARE v INT;
  SELECT MAX(a) INTO v FROM t;
  RETURN v;
END$$
DELIMITER ;
-- pairs: t.a > f.v a
-- reads: t
-- case: temporary table and drop
CREATE TEMPORARY TABLE IF NOT EXISTS w (k INT) SELECT a AS k FROM t;
INSERT INTO o (x) SELECT k FROM w;
DROP TEMPORARY TABLE w;
-- pairs: t.a > o.x i
-- case: with rollup, window, recursive
INSERT INTO o (x, y) SELECT a, SUM(b) FROM t GROUP BY a WITH ROLLUP;
INSERT INTO p (x) WITH RECURSIVE q (n) AS (SELECT a FROM t UNION ALL SELECT n + 1 FROM q WHERE n < 5) SELECT n FROM q;
-- pairs: t.a > o.x i, t.b > o.y a, t.a > p.x t
-- case: comments with hash and dashes
# it's a comment; really
INSERT INTO o (x) SELECT a FROM t; -- it's another
-- pairs: t.a > o.x i
-- case: values statement and table statement
INSERT INTO o (x, y) VALUES ROW(1, 2), ROW(3, 4);
INSERT INTO p TABLE t;
-- pairs: t.id > p.id i, t.a > p.a i, t.b > p.b i
-- case: generated columns
CREATE TABLE o (x INT, y INT AS (x * 2) STORED, z INT GENERATED ALWAYS AS (x + y) VIRTUAL);
-- pairs: o.x > o.y t, o.x > o.z t, o.y > o.z t
-- case: sequence of mariadb
CREATE SEQUENCE s START WITH 1;
INSERT INTO o (k) SELECT NEXTVAL(s);
INSERT INTO o (k) SELECT NEXT VALUE FOR s;
-- pairs:
-- reads: s
-- case: client commands
source other.sql
\. more.sql
use mydb;
INSERT INTO o (x) SELECT a FROM t\G
-- pairs: mydb.t.a > mydb.o.x i
-- case: sakila-like views and triggers
CREATE VIEW customer_list AS SELECT cu.id AS ID, CONCAT(cu.first, _utf8mb4' ', cu.last) AS name, IF(cu.active, _utf8mb4'active', _utf8mb4'') AS notes FROM customer AS cu JOIN address AS a ON cu.address_id = a.address_id;
CREATE TRIGGER customer_create_date BEFORE INSERT ON customer FOR EACH ROW SET NEW.create_date = NOW();
DELIMITER //
CREATE FUNCTION held(p_id INT) RETURNS INT READS SQL DATA
BEGIN
  DECLARE v_customer_id INT;
  DECLARE EXIT HANDLER FOR NOT FOUND RETURN NULL;
  SELECT customer_id INTO v_customer_id FROM rental WHERE return_date IS NULL AND inventory_id = p_id;
  RETURN v_customer_id;
END //
CREATE TRIGGER upd AFTER UPDATE ON film FOR EACH ROW BEGIN
  IF (old.title != new.title) OR (old.id != new.id) THEN
    UPDATE film_text SET title = new.title, description = new.description WHERE film_id = old.id;
  END IF;
END //
DELIMITER ;
-- pairs: customer.id > customer_list.id i, customer.first > customer_list.name t, customer.last > customer_list.name t, customer.active > customer_list.notes c, film.title > film_text.title i, film.description > film_text.description i, rental.customer_id > held.v_customer_id i
-- case: update with limit, order and ignore
UPDATE IGNORE o SET x = y + 1 ORDER BY z LIMIT 10;
UPDATE LOW_PRIORITY o SET x = (SELECT MAX(a) FROM t);
DELETE QUICK FROM o WHERE x = 1 LIMIT 5;
-- pairs: o.y > o.x t, t.a > o.x a
-- case: cte in update and delete
WITH q AS (SELECT id, a FROM t) UPDATE o JOIN q ON o.id = q.id SET o.x = q.a;
WITH q AS (SELECT id FROM t) DELETE FROM o WHERE id IN (SELECT id FROM q);
-- pairs: t.a > o.x i
-- case: nested procedure calls with out parameters
DELIMITER $$
CREATE PROCEDURE p(OUT res INT) BEGIN CALL q(res); SELECT a INTO res FROM t LIMIT 1; INSERT INTO o (x) VALUES (res); END$$
DELIMITER ;
-- pairs: t.a > o.x i, t.a > p.res i
-- case: variables that a query sets are its columns as well
SELECT @rn := @rn + 1 AS rn, a FROM t, (SELECT @rn := 0) q;
SELECT @m := MAX(b) AS m FROM t;
INSERT INTO o (x) VALUES (@m);
SELECT @y = a AS same FROM t;
-- pairs: t.a > a i, t.b > o.x a, t.b > m a, t.a > same t
-- case: default is no column [mysql, postgres, oracle, sqlite, snowflake, databricks]
UPDATE o SET x = DEFAULT, y = z;
-- pairs: o.z > o.y i
-- case: procedure
DELIMITER $$
CREATE DEFINER=`root`@`%` PROCEDURE `load_o`(IN p INT, OUT n INT)
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE v_id, v_a INT;
  DECLARE cur CURSOR FOR SELECT id, a FROM t WHERE b = p;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  START TRANSACTION;
  OPEN cur;
  read_loop: LOOP
    FETCH cur INTO v_id, v_a;
    IF done THEN LEAVE read_loop; END IF;
    INSERT INTO o (x, y) VALUES (v_id, v_a) ON DUPLICATE KEY UPDATE y = VALUES(y), z = z + 1;
  END LOOP;
  CLOSE cur;
  SELECT COUNT(*), MAX(c) INTO n, @mx FROM u;
  UPDATE p SET x = @mx;
  SET @s = CONCAT('INSERT INTO dyn (x) SELECT a FROM ', 't');
  PREPARE st FROM @s; EXECUTE st; DEALLOCATE PREPARE st;
  CREATE TEMPORARY TABLE IF NOT EXISTS tmp ENGINE=MEMORY AS (SELECT id, b FROM t);
  INSERT INTO q (x) SELECT b FROM tmp;
  DROP TEMPORARY TABLE tmp;
  WHILE n > 0 DO SET n = n - 1; END WHILE;
  REPEAT SET n = n + 1; UNTIL n > 5 END REPEAT;
  COMMIT;
END$$
DELIMITER ;
-- pairs: t.id > o.x i, t.a > o.y i, o.z > o.z t, u.c > p.x a, t.a > dyn.x i, t.b > q.x i
-- case: multi table update delete
UPDATE o JOIN t ON o.id = t.id LEFT JOIN u USING (id) SET o.x = t.a, u.d = o.y, o.z = COALESCE(u.c, 0) WHERE t.b > 1;
UPDATE o, t SET o.w = t.b WHERE o.id = t.id;
DELETE o, p FROM o INNER JOIN p ON o.id = p.id WHERE p.x IN (SELECT c FROM u);
DELETE FROM o USING o JOIN t ON o.id = t.id;
-- pairs: t.a > o.x i, o.y > u.d i, u.c > o.z t, t.b > o.w i
-- writes: o, u, p
-- case: dump
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `o`;
/*!50001 CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `v` AS select `t`.`a` AS `x`,`u`.`c` AS `y` from (`t` join `u` on((`t`.`id` = `u`.`id`))) */;
CREATE TABLE `o` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s; x',
  `e` enum('a','b') CHARACTER SET utf8 COLLATE utf8_bin DEFAULT NULL,
  `ts` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `g` int GENERATED ALWAYS AS (`id` + 1) VIRTUAL,
  PRIMARY KEY (`id`), UNIQUE KEY `k` (`e`,`ts`) USING BTREE, KEY `k2` (`ts`), FULLTEXT KEY `f` (`e`), CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `t` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8 COMMENT='x' PARTITION BY HASH(id) PARTITIONS 4;
LOCK TABLES `o` WRITE;
INSERT INTO `o` VALUES (1,'a\'b;c',NULL,2),(2,'b',NULL,3);
UNLOCK TABLES;
-- pairs: t.a > v.x i, u.c > v.y i, o.id > o.g t
-- case: json table, lateral, group by rollup, straight_join
INSERT INTO o (x, y, z) SELECT STRAIGHT_JOIN SQL_NO_CACHE j.nm, l.mx, t.a FROM t FORCE INDEX (ix), JSON_TABLE(t.b, '$[*]' COLUMNS (rid FOR ORDINALITY, nm VARCHAR(10) PATH '$.n')) AS j, LATERAL (SELECT MAX(c) mx FROM u WHERE u.id = t.id) l GROUP BY t.a WITH ROLLUP LIMIT 5, 10;
-- pairs: t.b > o.x t, u.c > o.y a, t.a > o.z i
-- case: triggers and events
CREATE TRIGGER tr AFTER UPDATE ON o FOR EACH ROW INSERT INTO aud (ov, nv) VALUES (OLD.x, NEW.x);
CREATE TRIGGER tr2 BEFORE INSERT ON o FOR EACH ROW SET NEW.y = NEW.x + 1;
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01' DO INSERT INTO o (x) SELECT a FROM t;
-- pairs: o.x > aud.ov i, o.x > aud.nv i, o.x > o.y t, t.a > o.x i
-- case: cte, window, values row, intersect
WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c;
INSERT INTO o (x) WITH c AS (SELECT a FROM t) SELECT a FROM c;
INSERT INTO o (x) (SELECT a FROM t) UNION (SELECT c FROM u) ORDER BY 1;
SELECT * FROM (VALUES ROW(1, 2), ROW(3, 4)) AS v(x, y);
-- pairs: t.a > o.x i, u.c > o.x i
-- case: variables in select and functions
SET @rn := 0; SELECT @rn := @rn + 1 AS rn, a FROM t, (SELECT @x := 0) q;
CREATE FUNCTION f(p INT) RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT MAX(a) FROM t WHERE id = p);
SELECT f(c) AS y FROM u;
-- pairs: t.a > a i, t.a > f._col0 a, u.c > y t
-- case: no lineage
SHOW CREATE TABLE t; DESC t; EXPLAIN SELECT a FROM t; ANALYZE TABLE t; OPTIMIZE TABLE t; CHECK TABLE t; FLUSH TABLES; KILL 5; SET GLOBAL x = 1; SET NAMES utf8; SET SESSION sql_mode = ''; GRANT ALL ON *.* TO 'x'@'%'; CREATE USER 'x'@'%' IDENTIFIED BY 'y'; ALTER TABLE t ADD INDEX (a), ENGINE = InnoDB; CREATE INDEX ix ON t (a(10)); USE db; HELP 'x'; RESET MASTER; XA START 'x'; LOCK INSTANCE FOR BACKUP; DO SLEEP(1); HANDLER t OPEN; INSTALL PLUGIN p SONAME 'x'; CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x'); PURGE BINARY LOGS TO 'x'; CHANGE MASTER TO MASTER_HOST='x'; ALTER TABLE t PARTITION BY KEY(a); CREATE ROLE r; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x'; BINLOG 'x'; IMPORT TABLE FROM 'x'; CHECKSUM TABLE t; CLONE LOCAL DATA DIRECTORY = 'x'; RENAME USER a TO b; SET PASSWORD = 'x'; SET @@x = 1;
-- pairs:
-- case: rename
RENAME TABLE o TO o_old, o_new TO o;
ALTER TABLE a RENAME TO b; ALTER TABLE c RENAME AS d; ALTER TABLE e RENAME f;
CREATE TABLE l LIKE t;
CREATE TABLE m (k INT) SELECT a, b FROM t;
-- pairs: o.* > o_old.* i, o_new.* > o.* i, a.* > b.* i, c.* > d.* i, e.* > f.* i, t.a > m.a i, t.b > m.b i
-- case: variables that a query of an insert or a new table sets
CREATE TABLE q AS SELECT @m := a AS x, b FROM t;
INSERT INTO o (y) VALUES (@m);
INSERT INTO p (x) SELECT @n := MAX(b) FROM t;
UPDATE o SET z = @n WHERE id = 1;
CREATE TABLE r AS SELECT * FROM q;
-- pairs: t.a > q.x t, t.b > q.b i, t.a > o.y i, t.b > p.x a, t.b > o.z a, q.x > r.x i, q.b > r.b i
-- case: parameters and variables are columns again after their procedure
CREATE PROCEDURE p (id INT) BEGIN DECLARE a INT; SELECT MAX(c) INTO a FROM u; INSERT INTO o (x, y) VALUES (a, id); END;
CREATE VIEW v AS SELECT id, a FROM t;
-- pairs: u.c > o.x a, t.id > v.id i, t.a > v.a i
-- case: a procedure of one statement after its comment
CREATE PROCEDURE p (x INT) COMMENT 'all of it' SELECT b FROM t WHERE id = x;
SELECT x FROM k;
-- pairs: t.b > p.b i, k.x > x i
-- case: a variable goes before a column of its name
CREATE PROCEDURE pr () BEGIN DECLARE a INT; SELECT MAX(c) INTO a FROM u; INSERT INTO o (x, y) SELECT a, t.a FROM t; END;
-- pairs: u.c > o.x a, t.a > o.y i
-- case: federated tables [mysql]
CREATE TABLE f (a INT, connection VARCHAR(9)) ENGINE=FEDERATED CONNECTION='mysql://me:secret@h:3306/d1/t';
CREATE TABLE g (a INT) ENGINE=FEDERATED CONNECTION='link/t';
-- pairs: h.d1.t.* > f.* i, link.t.* > g.* i
-- case: a variable with dots in its name is one
SET @sys.tmp.x = (SELECT MAX(a) FROM t);
INSERT INTO o (k) VALUES (@sys.tmp.x);
SET @sys.tmp.sql = 'INSERT INTO o (n) SELECT b FROM t';
PREPARE s FROM @sys.tmp.sql;
EXECUTE s;
-- pairs: t.a > o.k a, t.b > o.n i
-- case: commands of the client between statements are none, columns of their names are
warnings
INSERT INTO o (k) SELECT
  warnings
FROM s;
tee out.txt
INSERT INTO o (n) SELECT t.a FROM t;
-- pairs: s.warnings > o.k i, t.a > o.n i
-- case: what a procedure puts into its OUT parameters goes on in who calls it
CREATE PROCEDURE db.p(IN x INT, OUT y INT, INOUT z INT) BEGIN SELECT MAX(v), MIN(w) INTO y, z FROM src; END;
CREATE PROCEDURE db.q() BEGIN DECLARE k INT; CALL db.p(1, k, @zz); INSERT INTO dst (k, l) VALUES (k, @zz); END;
-- pairs: src.v > db.p.y a, src.w > db.p.z a, db.p.y > dst.k i, db.p.z > dst.l i
