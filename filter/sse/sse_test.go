package sse_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir/filter/sse"
)

// read decodes a stream cut at the given offsets and renders what came out.
func read(t testing.TB, stream []byte, cuts ...int) (events []string, raw []byte) {
	t.Helper()
	d := sse.NewDecoder(1 << 20)
	emit := func(e sse.Event) error {
		events = append(events, fmt.Sprintf("%s|%s|%v", e.Name, e.Data, e.DataAt != sse.Span{}))
		raw = append(raw, e.Raw...)
		return nil
	}
	at := 0
	for _, c := range append(cuts, len(stream)) {
		if err := d.Write(stream[at:c], emit); err != nil {
			t.Fatal(err)
		}
		at = c
	}
	if err := d.End(emit); err != nil {
		t.Fatal(err)
	}
	return events, append(raw, d.Rest()...)
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"plain":              {"data: a\n\n", []string{"|a|true"}},
		"named":              {"event: error\ndata: {}\n\n", []string{"error|{}|true"}},
		"no space":           {"data:a\n\n", []string{"|a|true"}},
		"crlf":               {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"|a|true", "|b|true"}},
		"cr":                 {"data: a\r\rdata: b\r\rx", []string{"|a|true", "|b|true"}},
		"several data lines": {"data: a\ndata: b\n\n", []string{"|a\nb|false"}},
		"comment":            {": hi\n\ndata: a\n\n", []string{"||false", "|a|true"}},
		"comment inside":     {": hi\ndata: a\nid: 7\nretry: 3\n\n", []string{"|a|true"}},
		"byte order mark":    {"\xef\xbb\xbfdata: a\n\n", []string{"|a|true"}},
		"only a mark":        {"\xef\xbb\xbf\n\ndata: a\n\n", []string{"||false", "||false", "|a|true"}},
		"cr at the end":      {"data: a\r\r", []string{"|a|true"}},
		"no blank line":      {"data: a\n", nil},
		"data without value": {"data\n\n", []string{"||true"}},
		"more blank lines":   {"\n\ndata: a\n\n\n", []string{"||false", "||false", "|a|true", "||false"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, raw := read(t, []byte(c.in))
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("events %q, want %q", got, c.want)
			}
			if string(raw) != c.in {
				t.Errorf("raw bytes %q, want %q", raw, c.in)
			}
		})
	}
}

func TestBound(t *testing.T) {
	d := sse.NewDecoder(16)
	err := d.Write([]byte("data: "+strings.Repeat("x", 64)), func(sse.Event) error { return nil })
	if !errors.Is(err, sse.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func TestReplace(t *testing.T) {
	for in, want := range map[string]string{
		"data: a\n\n":                         "data: NEW\n\n",
		"event: x\r\ndata:a\r\nid: 1\r\n\r\n": "event: x\r\ndata:NEW\r\nid: 1\r\n\r\n",
		"data: a\nid: 1\ndata: b\n\n":         "data: NEW\nid: 1\n\n",
		"data\n\n":                            "data: NEW\n\n",
		"data\rdata:b\r\rx":                   "data: NEW\r\r",
		"\xef\xbb\xbfdata:a\ndata: b\n\n":     "\xef\xbb\xbfdata:NEW\n\n",
		": a comment\n\n":                     ": a comment\n\n",
	} {
		var got []byte
		if err := sse.NewDecoder(100).Write([]byte(in), func(e sse.Event) error {
			got = sse.Replace(e, []byte("NEW"))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("Replace in %q: %q, want %q", in, got, want)
		}
	}
}

// TestReplaceKeepsBlank checks that a blank which belongs to the data is not taken for the one readers drop.
func TestReplaceKeepsBlank(t *testing.T) {
	for _, in := range []string{"data:a\n\n", "data: a\n\n", "data\n\n"} {
		d := sse.NewDecoder(100)
		var got []byte
		if err := d.Write([]byte(in), func(e sse.Event) error { got = sse.Replace(e, []byte(" x")); return nil }); err != nil {
			t.Fatal(err)
		}
		if again, _ := read(t, got); len(again) != 1 || again[0] != "| x|true" {
			t.Errorf("%q became %q, which reads as %q", in, got, again)
		}
	}
}

// TestBoundAtAnyCut checks that the bound holds to the byte, wherever the stream is cut.
func TestBoundAtAnyCut(t *testing.T) {
	const limit = 10
	for record, want := range map[string]error{
		"data: ab\n\n":        nil,
		"data: abc\n\n":       sse.ErrTooLarge,
		"data:ab\r\n\r":       nil, // the bytes so far are at the bound, and the record is not complete
		"data:ab\r\n\r\n":     sse.ErrTooLarge,
		": comments only\n\n": sse.ErrTooLarge,
	} {
		for cut := range len(record) {
			d := sse.NewDecoder(limit)
			given := 0
			emit := func(sse.Event) error { given++; return nil }
			err := d.Write([]byte("data\n\n"+record[:cut]), emit)
			if err == nil {
				err = d.Write([]byte(record[cut:]), emit)
			}
			if !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%q cut at %d: %v, want %v", record, cut, err, want)
			}
			if want != nil && given != 1 {
				t.Errorf("%q cut at %d: %d records before the error, want 1", record, cut, given)
			}
		}
	}
}

func TestEmitError(t *testing.T) {
	stop := errors.New("stop")
	d := sse.NewDecoder(100)
	given := 0
	err := d.Write([]byte("data: a\n\ndata: b\n\n"), func(sse.Event) error { given++; return stop })
	if !errors.Is(err, stop) || given != 1 {
		t.Errorf("%v after %d records", err, given)
	}
	if got := string(d.Rest()); got != "data: b\n\n" {
		t.Errorf("rest %q", got)
	}
}

func TestPending(t *testing.T) {
	d := sse.NewDecoder(100)
	if err := d.Write([]byte("data: a\n\ndata"), func(sse.Event) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if d.Pending() != len("data") || string(d.Rest()) != "data" {
		t.Errorf("pending %d, rest %q", d.Pending(), d.Rest())
	}
}

// TestHostileLines feeds records whose cost would be quadratic for a reader that looks at bytes again: many
// empty data lines, bare carriage returns, one byte at a time. A slow reader times the test out.
func TestHostileLines(t *testing.T) {
	const n = 1 << 18
	for name, line := range map[string]string{"data lines": "data:\n", "bare returns": "data:\r", "comments": ":\n"} {
		t.Run(name, func(t *testing.T) {
			d := sse.NewDecoder(16 * n)
			lines := 0
			emit := func(e sse.Event) error { lines += bytes.Count(e.Data, []byte("\n")); return nil }
			stream := []byte(strings.Repeat(line, n) + "\n\n")
			for len(stream) > 0 {
				piece := stream[:min(4096, len(stream))]
				if err := d.Write(piece, emit); err != nil {
					t.Fatal(err)
				}
				stream = stream[len(piece):]
			}
			if want := n - 1; name != "comments" && lines != want {
				t.Errorf("%d joined lines, want %d", lines, want)
			}
		})
	}
}

const delta = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}` + "\n\n"

func TestNoAllocation(t *testing.T) {
	d := sse.NewDecoder(1 << 20)
	stream := []byte("event: message\n" + delta)
	emit := func(sse.Event) error { return nil }
	if got := testing.AllocsPerRun(100, func() {
		if err := d.Write(stream[:20], emit); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(stream[20:], emit); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%v allocations for one record, want none", got)
	}
}

func BenchmarkDecodeEvent(b *testing.B) {
	d := sse.NewDecoder(1 << 20)
	stream := []byte(delta)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Write(stream, func(sse.Event) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRecord(t *testing.T) {
	if got := string(sse.Record("error", []byte("{}"))); got != "event: error\ndata: {}\n\n" {
		t.Errorf("got %q", got)
	}
}

// FuzzDecoder checks that where a stream is cut changes nothing, and that no byte is lost.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("data: a\n\ndata: b\r\n\r\n: c\rdata: d\r\r"), uint16(3), uint16(9))
	f.Add([]byte("\xef\xbb\xbfevent: e\ndata: \xf0\x9f\x98\x80\n\n"), uint16(1), uint16(20))
	f.Add([]byte("data: a\r\n\r\n\n"), uint16(8), uint16(9))
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint16) {
		i, j := int(a)%(len(stream)+1), int(b)%(len(stream)+1)
		i, j = min(i, j), max(i, j)
		whole, raw := read(t, stream)
		cut, rawCut := read(t, stream, i, j)
		each := make([]int, len(stream))
		for k := range each {
			each[k] = k
		}
		bytewise, rawBytes := read(t, stream, each...)
		if !bytes.Equal(raw, stream) || !bytes.Equal(rawCut, stream) || !bytes.Equal(rawBytes, stream) {
			t.Fatal("bytes were lost or changed")
		}
		if strings.Join(whole, "\x00") != strings.Join(cut, "\x00") || strings.Join(whole, "\x00") != strings.Join(bytewise, "\x00") {
			t.Fatalf("whole %q\ncut at %d, %d %q\nbytewise %q", whole, i, j, cut, bytewise)
		}
	})
}
