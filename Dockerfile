# docker build -t ray-lineage .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/repository:ro" -v lineage:/data ray-lineage ingest
# (as yourself, because settings in a file of another user do not count)
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements/runtime.txt ./
RUN python -m venv /opt/ray_lineage \
 && /opt/ray_lineage/bin/pip install --no-cache-dir --require-hashes -r runtime.txt
COPY . .
RUN /opt/ray_lineage/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN install -d -m 1777 /data
COPY --from=build /opt/ray_lineage /opt/ray_lineage
# What belongs to this program lies on the volume: the graph, the parse cache, the key that signs it
ENV PATH=/opt/ray_lineage/bin:$PATH RAY_LINEAGE_DATA_DIR=/data/ray_lineage XDG_STATE_HOME=/data/state
USER 10001:10001
VOLUME /data
WORKDIR /repository
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["ray_lineage", "status"]
ENTRYPOINT ["ray_lineage"]
CMD ["watch"]
