package config

import (
	"strings"

	"weir/policy/detect"
)

// detectors reports what a tenant's own rules cannot mean, each at its place in the file.
func (c *checker) detectors(at string, s detect.Settings) {
	_, err := detect.Compile(s)
	if err == nil {
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		field, what, _ := strings.Cut(line, ": ")
		if strings.HasPrefix(field, "rules.") {
			field = "rules"
		}
		c.add(at+"."+field, what, "a rule that can be compiled", "docs/detectors.md says what rules of your own may be")
	}
}
