create materialized view mart.mart_funnel as
with viewed as (
    select isbn, count(*) as views from staging.stg_event_latest where event_name = 'view' group by isbn
),
bought as (
    select isbn, count(*) as purchases from staging.stg_event_latest where event_name = 'purchase' group by isbn
)
select title_name, genre_code, coalesce(v.views, 0) as views, coalesce(b.purchases, 0) as purchases,
       case when coalesce(v.views, 0) = 0 then null else b.purchases::numeric / v.views end as conversion
from staging.stg_title
left join viewed v using (isbn)
left join bought b using (isbn)
with no data;
