# Weir as one static binary. Build it with: docker build -t weir .
# or for several platforms at once: docker buildx build --platform linux/amd64,linux/arm64 -t weir .
# A builder without BuildKit must be told what it runs on: --build-arg BUILDPLATFORM=linux/amd64.
ARG BUILDPLATFORM

# The compiler runs on the machine that builds, and writes for the one that the image is for.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# What no request passes through is not inlined: a megabyte less.
ARG COLD="github.com/envoyproxy/go-control-plane/envoy/config github.com/envoyproxy/go-control-plane/envoy/extensions github.com/envoyproxy/go-control-plane/envoy/data github.com/envoyproxy/go-control-plane/pkg github.com/cncf/xds/go github.com/parquet-go/parquet-go github.com/vektah/gqlparser/v2 github.com/invopop/jsonschema github.com/pb33f github.com/lestrrat-go go.opentelemetry.io/otel/exporters github.com/goccy/go-yaml github.com/open-policy-agent/opa/internal github.com/open-policy-agent/opa/v1/bundle github.com/open-policy-agent/opa/v1/format github.com/open-policy-agent/opa/v1/loader github.com/spf13 github.com/pressly/goose github.com/redis/go-redis github.com/go-jose github.com/spiffe github.com/prometheus go.yaml.in github.com/coreos weir/envoy weir/admin weir/cmd"
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -tags grpcnotrace $(for p in $COLD; do printf ' -gcflags=%s/...=-l' "$p"; done) -ldflags='-s -w' -o /out/extproc ./cmd/extproc
# What the binary was built from, read from the binary itself: CycloneDX, one component for each module.
RUN GOOS= GOARCH= go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -output /out/sbom.cdx.json /out/extproc
RUN mkdir /out/demo /out/data

# Nothing is in it but Weir, its bill of materials, and the authorities it trusts: no shell, no user's tools. 101 is the user
# that Envoy's image runs as, so that both may read what one writes for the other.
FROM scratch
LABEL org.opencontainers.image.title="Weir" \
      org.opencontainers.image.description="Governs LLM traffic inside an Envoy" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/extproc /extproc
COPY --from=build /out/sbom.cdx.json /sbom.cdx.json
COPY --from=build --chown=101:101 /out/demo /demo
COPY --from=build --chown=101:101 /out/data /data
WORKDIR /data
USER 101:101
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/extproc", "health"]
ENTRYPOINT ["/extproc"]
CMD ["serve"]
