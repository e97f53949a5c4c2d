package surface

import "encoding/json"

// ModelEntry is one model in the list.
type ModelEntry struct {
	ID      string
	OwnedBy string
}

type modelJSON struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func (e ModelEntry) json() modelJSON {
	return modelJSON{ID: e.ID, Object: "model", OwnedBy: e.OwnedBy}
}

// ModelList is the answer to GET /v1/models (platform.openai.com/docs/api-reference/models/list).
func ModelList(entries []ModelEntry) []byte {
	list := make([]modelJSON, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.json())
	}
	return marshal(struct {
		Object string      `json:"object"`
		Data   []modelJSON `json:"data"`
	}{"list", list})
}

// ModelOne is the answer to GET /v1/models/{id}.
func ModelOne(e ModelEntry) []byte { return marshal(e.json()) }

// marshal encodes values whose types always can be.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
