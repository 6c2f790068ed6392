# evolve in a container that reaches isolation rung 3 under Docker's default profile: `docker run --rm evolve doctor`.
FROM python:3.12-slim

COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src \
 && useradd --create-home evolve && mkdir /home/evolve/runs && chown evolve /home/evolve/runs

USER evolve
WORKDIR /home/evolve
VOLUME /home/evolve/runs
ENTRYPOINT ["evolve"]
CMD ["doctor"]
