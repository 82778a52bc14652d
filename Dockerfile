# syntax=docker/dockerfile:1
# Two stages: Node and compilers stay in the first; the image that runs has neither, and runs as nobody in particular.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN pip wheel --require-hashes --requirement requirements.lock --wheel-dir /wheels
COPY pyproject.toml hatch_build.py README.md ./
COPY service service
COPY processes processes
COPY forms forms
RUN pip wheel --no-deps --wheel-dir /casewright .

FROM python:3.11-slim
COPY --from=build /wheels /wheels
COPY --from=build /casewright /casewright
RUN pip install --no-cache-dir --no-index /wheels/*.whl /casewright/*.whl \
    && rm -r /wheels /casewright \
    && useradd --system --uid 10001 --home-dir /data --create-home casewright
USER casewright
WORKDIR /data
ENV CASEWRIGHT_LOG_FORMAT=json
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["casewright"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]
