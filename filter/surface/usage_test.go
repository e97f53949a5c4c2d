package surface_test

import (
	"testing"

	"weir/filter/surface"
)

// What was thought and as what it was served has prices of its own.
func TestUsageSaysWhatWasThoughtAndTheTier(t *testing.T) {
	for name, c := range map[string]struct {
		of   surface.Surface
		body string
		want surface.Usage
	}{
		"chat": {surface.Chat{}, `{"choices":[],"service_tier":"flex","usage":{"prompt_tokens":9,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":5}}}`,
			surface.Usage{Input: 9, Output: 7, Reasoning: 5, Tier: "batch"}},
		"more thought than written": {surface.Chat{}, `{"choices":[],"service_tier":"default","usage":{"prompt_tokens":9,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":50}}}`,
			surface.Usage{Input: 9, Output: 7, Reasoning: 7}},
		"responses": {surface.Responses{}, `{"output":[],"service_tier":"priority","usage":{"input_tokens":9,"output_tokens":7,"output_tokens_details":{"reasoning_tokens":6}}}`,
			surface.Usage{Input: 9, Output: 7, Reasoning: 6, Tier: "priority"}},
		"messages": {surface.Messages{}, `{"type":"message","role":"assistant","content":[],"usage":{"input_tokens":9,"output_tokens":7,"service_tier":"batch"}}`,
			surface.Usage{Input: 9, Output: 7, Tier: "batch"}},
		"messages standard": {surface.Messages{}, `{"type":"message","role":"assistant","content":[],"usage":{"input_tokens":9,"output_tokens":7,"service_tier":"standard"}}`,
			surface.Usage{Input: 9, Output: 7}},
	} {
		a, err := c.of.ReadAnswer([]byte(c.body))
		if err != nil || a.Usage == nil || *a.Usage != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, a, err, c.want)
		}
	}
}
