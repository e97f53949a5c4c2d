// Package figures keeps what a run measured: build/figures/NAME.json holds one object for every figure that was asked for.
//
// It never measures anything itself, and never leaves a figure out because it was missed.
package figures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// Figure is one measured value beside what it should be.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"` // empty: it is only stated
	Holds  bool    `json:"holds"`
}

// Stated is a figure that nothing was asked of.
func Stated(name string, value float64, unit string) Figure {
	return Figure{Name: name, Value: value, Unit: unit, Holds: true}
}

// AtMost is a figure that must not be larger than a limit.
func AtMost(name string, value float64, unit string, limit float64) Figure {
	return Figure{name, value, unit, fmt.Sprintf("at most %g", limit), value <= limit}
}

// AtLeast is a figure that must not be smaller than a limit.
func AtLeast(name string, value float64, unit string, limit float64) Figure {
	return Figure{name, value, unit, fmt.Sprintf("at least %g", limit), value >= limit}
}

// Write replaces build/figures/NAME.json of the module that the working directory is in.
func Write(name string, list []Figure) error {
	root, err := moduleRoot()
	if err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	dir := filepath.Join(root, "build", "figures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing figures: %w", err)
	}
	return nil
}

// Print lists figures for a reader; those that are missed say so.
func Print(w io.Writer, list []Figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range list {
		verdict := ""
		switch {
		case f.Target != "" && f.Holds:
			verdict = f.Target + ": holds"
		case f.Target != "":
			verdict = f.Target + ": MISSED"
		}
		fmt.Fprintf(t, "%s\t%.4g\t%s\t%s\n", f.Name, f.Value, f.Unit, verdict)
	}
	return t.Flush()
}

// moduleRoot is the directory of the nearest go.mod at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod at or above the working directory")
		}
		dir = up
	}
}
