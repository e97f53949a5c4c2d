package remote

import (
	"context"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"weir/policy/detect"
)

// analyze asks a Presidio analyzer. Its offsets count code points; ours count bytes.
func (s *service) analyze(ctx context.Context, text string) ([]detect.Finding, error) {
	question := struct {
		Text      string   `json:"text"`
		Language  string   `json:"language"`
		Threshold float64  `json:"score_threshold"`
		Entities  []string `json:"entities,omitempty"`
	}{text, s.config.Language, s.config.Threshold, s.config.Entities}
	var answer []struct {
		Entity string  `json:"entity_type"`
		Start  int     `json:"start"`
		End    int     `json:"end"`
		Score  float64 `json:"score"`
	}
	if err := s.post(ctx, question, &answer); err != nil {
		return nil, err
	}
	at := offsets(text)
	var found []detect.Finding
	for _, a := range answer {
		if a.Start < 0 || a.End < a.Start || a.End >= len(at) {
			return nil, errors.New("it found something outside the text")
		}
		if f, ok := s.finding(a.Entity, a.Score, at[a.Start], at[a.End]); ok {
			found = append(found, f)
		}
	}
	return found, nil
}

// offsets are the byte offsets of a text's code points, and its length at the end.
func offsets(text string) []int {
	at := make([]int, 0, utf8.RuneCountInString(text)+1)
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

// verdict is a label of a classifier.
type verdict struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// verdicts reads [{...}] and [[{...}]], which servers give for one text.
type verdicts []verdict

// UnmarshalJSON reads either form.
func (v *verdicts) UnmarshalJSON(b []byte) error {
	var nested [][]verdict
	if json.Unmarshal(b, &nested) == nil && len(nested) == 1 {
		*v = nested[0]
		return nil
	}
	var flat []verdict
	if err := json.Unmarshal(b, &flat); err != nil {
		return err
	}
	*v = flat
	return nil
}

// classify asks a classifier. A label speaks of the whole text.
func (s *service) classify(ctx context.Context, text string) ([]detect.Finding, error) {
	var answer verdicts
	if err := s.post(ctx, struct {
		Inputs string `json:"inputs"`
	}{text}, &answer); err != nil {
		return nil, err
	}
	if len(answer) == 0 {
		return nil, errors.New("it gave no label")
	}
	var found []detect.Finding
	for _, a := range answer {
		if f, ok := s.finding(a.Label, a.Score, 0, len(text)); ok {
			found = append(found, f)
		}
	}
	return found, nil
}

// PresidioLabels is what the entities of Presidio mean. Of several types with one entity the first listed stands for
// it. Entities that are no personal data of themselves, like URL and DATE_TIME, mean nothing.
func PresidioLabels() map[string]detect.Type {
	out := map[string]detect.Type{}
	for _, k := range detect.Kinds() {
		if _, taken := out[k.Presidio]; k.Presidio != "" && !taken {
			out[k.Presidio] = k.Type
		}
	}
	return out
}
