# syntax=docker/dockerfile:1

# Both images are Debian 12: the program runs against the C library it was linked with.
FROM rust:1.92-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin bcm \
    && install -D -m 0755 target/release/bcm /out/bcm \
    && install -d -m 0700 /out/ledger

# No shell, no package manager, root certificates, and a user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="bcm" \
      org.opencontainers.image.description="Carries Mirakl orders into BlueCherry and back, on Temporal." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/bcm /usr/local/bin/bcm
# A volume that is mounted here empty takes over this owner.
COPY --from=build --chown=65532:65532 /out/ledger /bcm/ledger
WORKDIR /bcm
ENV BCM_CONFIG=/bcm/bcm.toml
# A burst of orders leaves a tenth less behind with few arenas.
ENV MALLOC_ARENA_MAX=2
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/bcm"]
CMD ["worker", "--log-json"]
