create or replace function mart.refresh_all() returns void
language plpgsql
as $$
declare
    started timestamptz := clock_timestamp();
begin
    refresh materialized view mart.mart_funnel;
    if exists (select 1 from staging.stg_session) then
        insert into mart.refresh_log (object_name, started_at, sessions)
        select 'mart_funnel', started, count(*) from staging.stg_session;
    end if;
end;
$$;
