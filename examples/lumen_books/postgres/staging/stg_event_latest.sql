create view staging.stg_event_latest as
select distinct on (session_id, isbn)
       session_id, isbn, event_name, payload ->> 'referrer' as referrer, happened_at
from landing.web_event
where isbn is not null
order by session_id, isbn, happened_at desc;
