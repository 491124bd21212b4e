create table staging.stg_session as
select session_id,
       max(customer_id)                                as customer_id,
       min(happened_at)                                as started_at,
       max(happened_at) - min(happened_at)             as duration,
       count(*) filter (where event_name = 'view')     as views,
       count(*) filter (where event_name = 'purchase') as purchases
from landing.web_event
group by session_id;
