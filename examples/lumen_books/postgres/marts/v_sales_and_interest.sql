-- what people look at against what they pay for
create view mart.v_sales_and_interest as
select 'interest' as kind, title_name as what, views::numeric as amount from mart.mart_funnel
union all
select 'royalty', author_name, royalty_due from mart.v_author_royalties;
