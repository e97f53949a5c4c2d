package canary_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"weir/filter/canary"
)

func TestCanary(t *testing.T) {
	key, err := canary.NewKey([]byte("master"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := canary.NewKey([]byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	asked := key.Ask(now, bytes.Repeat([]byte{7}, 16))
	if !key.Valid(asked, now) || !key.Valid(asked, now.Add(time.Minute)) || !key.Valid(asked, now.Add(-time.Minute)) {
		t.Error("it is not valid")
	}
	for name, c := range map[string]struct {
		key    canary.Key
		header string
		at     time.Time
	}{
		"old":          {key, asked, now.Add(2 * time.Minute)},
		"early":        {key, asked, now.Add(-2 * time.Minute)},
		"another key":  {other, asked, now},
		"no key":       {nil, canary.Key(nil).Ask(now, make([]byte, 16)), now},
		"cut":          {key, asked[:len(asked)-1], now},
		"another time": {key, strings.Replace(asked, "18", "19", 1), now.Add(100_000_000 * time.Second)},
		"no nonce":     {key, key.Ask(now, nil), now},
		"nothing":      {key, "", now},
		"dots":         {key, "..", now},
	} {
		if c.key.Valid(c.header, c.at) {
			t.Errorf("%s: it is valid", name)
		}
	}
	body := []byte(`{"weir":"attached"}`)
	proof := key.Prove(asked, body)
	if !key.Proven(asked, body, proof) || key.Proven(asked, append(body, ' '), proof) || other.Proven(asked, body, proof) || key.Proven(asked+"x", body, proof) || key.Proven(asked, body, "") {
		t.Error("the proof proves another thing")
	}
}
