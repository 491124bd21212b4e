create table mart.refresh_log (object_name text, started_at timestamptz, sessions bigint);
