create view mart.v_org_tree as
with recursive tree (unit_id, unit_name, depth, path) as (
    select unit_id, unit_name, 0, unit_name from landing.org_unit where parent_id is null
    union all
    select o.unit_id, o.unit_name, tree.depth + 1, tree.path || ' / ' || o.unit_name
    from landing.org_unit o join tree on tree.unit_id = o.parent_id
)
select unit_id, path, depth from tree;
