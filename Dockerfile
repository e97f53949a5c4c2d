# Weir as one static binary. Build it with: docker build -t weir .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/extproc ./cmd/extproc && mkdir /out/demo

# Nothing is in it but Weir: no shell, no user's tools. 101 is the user that Envoy's image runs as, so that both may read what
# the demo writes for them.
FROM scratch
COPY --from=build /out/extproc /extproc
COPY --from=build --chown=101:101 /out/demo /demo
USER 101:101
ENTRYPOINT ["/extproc"]
CMD ["serve"]
