create table if not exists mart.session_daily (
    day date primary key, sessions integer, avg_views numeric, buyers integer, moving_avg numeric
);

insert into mart.session_daily (day, sessions, avg_views, buyers)
select started_at::date, count(*), avg(views), count(distinct customer_id) filter (where purchases > 0)
from staging.stg_session
group by 1
on conflict (day) do update
    set sessions = excluded.sessions, avg_views = excluded.avg_views, buyers = excluded.buyers;

update mart.session_daily d
set moving_avg = w.moving_avg
from (
    select day, avg(sessions) over (order by day rows between 6 preceding and current row) as moving_avg
    from mart.session_daily
) w
where w.day = d.day;
