create view staging.stg_title as
select t.*, upper(t.genre) as genre_code
from landing.title t;
