-- landing zone: as it comes from the event bus and from the warehouse export
create table landing.web_event (
    event_id    bigint primary key,
    session_id  uuid not null,
    customer_id integer,
    isbn        char(13),
    event_name  text not null,
    payload     jsonb,
    happened_at timestamptz not null
);

create table landing.royalty_statement (
    author_name text,
    period      char(7),
    sold_copies integer,
    royalty_due numeric(18, 2)
);

create table landing.title (
    title_id   integer,
    isbn       char(13),
    title_name text,
    author_name text,
    genre      varchar(50)
);

create table landing.org_unit (unit_id integer, parent_id integer, unit_name text);
