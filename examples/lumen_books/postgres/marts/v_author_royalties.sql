create or replace view mart.v_author_royalties as
select r.author_name, r.period, r.royalty_due, titles.title_count,
       sum(r.royalty_due) over (partition by r.author_name order by r.period) as royalty_to_date
from landing.royalty_statement r
left join lateral (
    select count(*) as title_count from staging.stg_title s where s.author_name = r.author_name
) titles on true;
