package surface_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"weir/filter/surface"
)

// An event is read the same whether it is one that came before with another word or not.
func TestEventsAreReadTheSame(t *testing.T) {
	chat := func(content string) string {
		return fmt.Sprintf(`{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}`, content)
	}
	block := func(text string) string {
		return fmt.Sprintf(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":%s}}`, text)
	}
	for name, c := range map[string]struct {
		of     surface.Surface
		events []string
	}{
		"words":            {surface.Chat{}, []string{chat(`"a"`), chat(`"bc "`), chat(`"a longer piece of words than eight bytes"`), chat(`"d"`)}},
		"escapes":          {surface.Chat{}, []string{chat(`"a"`), chat(`"\n"`), chat(`"\""`), chat(`"b"`), chat(`"\\"`), chat(`"c"`)}},
		"an escape first":  {surface.Chat{}, []string{chat(`"\u0041"`), chat(`"b"`), chat(`"c"`)}},
		"beyond ASCII":     {surface.Chat{}, []string{chat(`"a"`), chat(`"caf\u00e9"`), chat("\"caf\u00e9 \U0001F600\""), chat(`"b"`)}},
		"broken":           {surface.Chat{}, []string{chat(`"a"`), chat("\"\xff\""), chat(`"b"`), chat("\"a\nb\""), chat(`"c"`), chat(`"d","x":"e"`), chat(`"f","content":"g"`)}},
		"empty":            {surface.Chat{}, []string{chat(`"a"`), chat(`""`), chat(`"b"`), chat(`null`), chat(`"c"`)}},
		"ends":             {surface.Chat{}, []string{chat(`"a"`), `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, chat(`"b"`), `[DONE]`, chat(`"c"`)}},
		"a name of words":  {surface.Chat{}, []string{`{"choices":[{"index":0,"delta":{"123-45-6789":true}}]}`, `{"choices":[{"index":0,"delta":{"content":true}}]}`, `{"choices":[{"index":0,"delta":{"078-05-1120":true}}]}`}},
		"messages":         {surface.Messages{}, []string{block(`"a"`), block(`"b"`), block(`"c\td"`), `{"type":"content_block_stop","index":0}`, block(`"d"`)}},
		"responses":        {surface.Responses{}, []string{`{"type":"response.output_text.delta","sequence_number":1,"delta":"a"}`, `{"type":"response.output_text.delta","sequence_number":2,"delta":"b"}`}},
		"shorter than all": {surface.Chat{}, []string{chat(`"a"`), `{}`, `{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":`}},
	} {
		e := surface.NewEvents(c.of)
		for i, data := range c.events {
			b := []byte(data)
			got, gotErr := e.Read("", b)
			want, wantErr := c.of.ReadEvent("", []byte(data))
			if (gotErr == nil) != (wantErr == nil) || gotErr == nil && !reflect.DeepEqual(got, want) {
				g, _ := json.Marshal(got)
				w, _ := json.Marshal(want)
				t.Errorf("%s, event %d: %s, %v\nwant %s, %v", name, i, g, gotErr, w, wantErr)
			}
			for k := range b { // it may be written over
				b[k] = '#'
			}
		}
	}
}

// FuzzEvents holds events that come again to what reading each of them says.
func FuzzEvents(f *testing.F) {
	f.Add("a", "b\"", "\\u00e9")
	f.Add("\xff", "", "\n")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		e := surface.NewEvents(surface.Chat{})
		for _, text := range []string{one, two, three, one} {
			data := []byte(`{"choices":[{"index":0,"delta":{"content":"` + text + `"}}]}`)
			got, gotErr := e.Read("", data)
			want, wantErr := surface.Chat{}.ReadEvent("", data)
			if (gotErr == nil) != (wantErr == nil) || gotErr == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: %+v, %v; want %+v, %v", text, got, gotErr, want, wantErr)
			}
		}
	})
}

func TestAnEventThatComesAgainCostsItsTextAlone(t *testing.T) {
	e := surface.NewEvents(surface.Chat{})
	data := []byte(`{"choices":[{"index":0,"delta":{"content":"stones "}}]}`)
	if got := testing.AllocsPerRun(100, func() {
		if _, err := e.Read("", data); err != nil {
			t.Fatal(err)
		}
	}); got > 1 {
		t.Errorf("%v allocations, want one", got)
	}
}
