"""Greenplum: PostgreSQL, with rows spread over segments (https://techdocs.broadcom.com/us/en/vmware-tanzu/data-solutions/tanzu-greenplum/7/greenplum-database/ref_guide-sql_commands-CREATE_TABLE_AS.html)."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engines.postgres import POSTGRES

GREENPLUM: Final = POSTGRES.extend(
    "greenplum",
    speaks=POSTGRES.name,
    signs="""
6: distributed|by distributed|randomly distributed|replicated appendonly appendoptimized gpfdist gp_toolkit
6: gp_segment_id external|web segment|reject
4: compresstype orientation=column
""",
)
