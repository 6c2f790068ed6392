# evolve in a container that reaches isolation rung 3 under Docker's default profile: `docker run --rm evolve doctor`.
FROM python:3.12-slim

COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src \
 && useradd evolve && mkdir -p /srv/evolve/runs && chown -R evolve /srv/evolve

USER evolve
WORKDIR /srv/evolve
VOLUME /srv/evolve/runs
ENTRYPOINT ["evolve"]
CMD ["doctor"]
