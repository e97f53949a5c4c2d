package main

import (
	"io"
	"testing"
)

// Generated text needs no data, and ordinary text is let through.
func TestMeasure(t *testing.T) {
	list, err := measure("", io.Discard)
	if err != nil || len(list) != 9 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, f := range list {
		if f.Name != "held_attack: recall" && !f.Holds {
			t.Errorf("%+v", f)
		}
		if f.Name == "held_attack: recall" && f.Value < 0.6 {
			t.Errorf("%+v", f)
		}
	}
}
