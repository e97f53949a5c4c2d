package surface

import "fmt"

// readPlainAnswer reads an answer that carries numbers where others carry text: any string in it is text all the same.
// member is what tells that it is of its surface, usage what counts where the answer reports none.
func readPlainAnswer(body []byte, member string, usage *Usage) (*Answer, error) {
	t, err := openAnswer(body, "answer")
	if err != nil {
		return nil, err
	}
	if _, ok := t.member(0, member); !ok {
		return nil, fmt.Errorf("answer: %w: no %s", errForm, member)
	}
	w := walker{tape: t, role: Assistant}
	w.beside(0)
	if u := chatUsage(t); u != nil {
		usage = u
	}
	return &Answer{Body: body, ID: t.strOf(0, "id"), Model: t.strOf(0, "model"), Usage: usage, Segments: w.segs}, nil
}
