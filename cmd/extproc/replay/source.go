package replay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"weir/policy/audit"
	"weir/policy/store"
)

// maxRecord bounds one line of an exported trail.
const maxRecord = 4 << 20

// Open gives the records of a trail: a store's file, or, where its name ends in .jsonl, one record a line, or - for
// standard input. since leaves out what is older, where the store can tell.
func Open(ctx context.Context, path string, since time.Time) (Source, func() error, error) {
	if path == "-" {
		return lines(os.Stdin), func() error { return nil }, nil
	}
	if strings.HasSuffix(path, ".jsonl") {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, fmt.Errorf("opening the trail: %w", err)
		}
		return lines(f), f.Close, nil
	}
	if _, err := os.Stat(path); err != nil { // a store would be made where there is none
		return nil, nil, fmt.Errorf("opening the trail: %w", err)
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	trail, err := audit.Open(ctx, s, nil)
	if err != nil {
		_ = s.Close()
		return nil, nil, err
	}
	return func(ctx context.Context, record func([]byte) error) error { return trail.Each(ctx, since, record) }, s.Close, nil
}

// lines reads one record a line.
func lines(r io.Reader) Source {
	return func(_ context.Context, record func([]byte) error) error {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 0, 64<<10), maxRecord)
		for s.Scan() {
			if len(bytes.TrimSpace(s.Bytes())) == 0 {
				continue
			}
			if err := record(bytes.Clone(s.Bytes())); err != nil {
				return err
			}
		}
		return s.Err()
	}
}
