package filter

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// errTooLarge says that a body is larger than the bound once it is decoded.
var errTooLarge = errors.New("decoded body over the bound")

// zstdWindow bounds the memory a zstd stream may ask for, bytes; RFC 8878 has decoders support 8 MiB.
const zstdWindow = 8 << 20

// readable are the content codings of a request's body that are decoded.
func readable(coding string) bool {
	switch strings.ToLower(coding) {
	case "", "identity", "gzip", "x-gzip", "br", "zstd":
		return true
	}
	return false
}

// decoded is a body without its content coding, at most limit bytes of it. What was inspected is what is forwarded,
// so it goes on decoded.
func decoded(body []byte, coding string, limit int64) ([]byte, error) {
	var from io.Reader
	in := bytes.NewReader(body)
	switch strings.ToLower(coding) {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("decoding gzip: %w", err)
		}
		from = z
	case "br":
		from = brotli.NewReader(in)
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("decoding zstd: %w", err)
		}
		defer z.Close()
		from = z
	default:
		return body, nil
	}
	out, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("decoding %s: %w", strings.ToLower(coding), err)
	case int64(len(out)) > limit:
		return nil, errTooLarge
	case in.Len() > 0:
		return nil, fmt.Errorf("decoding %s: data after its end", strings.ToLower(coding))
	}
	return out, nil
}
